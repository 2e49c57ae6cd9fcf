/**
 * What is installed, to the byte: the files of TensorFlow's release and of CUDA's libraries with
 * their checksums, and the versions of what npm brings. Data only; a new release changes this file,
 * packages/ and include/, and nothing else.
 */

export const tensorflowVersion = '2.21.0';
export const tfjsNodeVersion = '4.22.0';

/** Both are needed: the second holds what the first is linked against. */
export const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

export type Variant = 'cpu' | 'cuda';
export type Architecture = 'x64' | 'arm64';

/** A file of a registry. */
export interface Archive {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A wheel: `project==version` is what pip is asked for. */
export interface Wheel extends Archive {
  readonly project: string;
  readonly version: string;
}

/** A file of a Maven repository, by its path below the repository's address. */
export interface Jar extends Archive {
  readonly path: string;
}

export interface Release {
  readonly npmPackage: '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';
  readonly wheels: readonly Wheel[];
  readonly jar?: Jar;
  /** What is taken out of the archives. */
  readonly unpackedBytes: number;
}

/** Any wheel has the same libraries: one version of Python is as good as another. */
export const pythonVersion = '3.11';

/** `tensorflow_cpu-2.21.0-cp311-….whl` → project and version, as a wheel's name says them. */
function wheel(file: string, bytes: number, sha256: string): Wheel {
  const [distribution = '', version = ''] = file.split('-');
  return { project: distribution.replaceAll('_', '-'), version, file, bytes, sha256 };
}

const cpuX64: Release = {
  npmPackage: '@tensorflow/tfjs-node',
  wheels: [
    wheel(
      'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
      273_829_956,
      '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    ),
  ],
  jar: {
    path: 'org/tensorflow/tensorflow-core-native/1.2.0',
    file: 'tensorflow-core-native-1.2.0-linux-x86_64.jar',
    bytes: 192_265_303,
    sha256: 'e6fc5afb04092f3427408f1947ec1e5832ed196009acfc088b4d38a516b708bd',
  },
  unpackedBytes: 853_308_936,
};

/** For Arm the package without CUDA is the one that is called `tensorflow`. */
const cpuArm64: Release = {
  npmPackage: '@tensorflow/tfjs-node',
  wheels: [
    wheel(
      'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_aarch64.whl',
      281_828_020,
      '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    ),
  ],
  unpackedBytes: 883_062_208,
};

/** The versions of CUDA 12 that pip takes for `tensorflow[and-cuda]==2.21.0`, November 2026. */
const cudaX64: Release = {
  npmPackage: '@tensorflow/tfjs-node-gpu',
  wheels: [
    wheel(
      'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
      572_440_367,
      '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
    ),
    wheel(
      'nvidia_cublas_cu12-12.9.3.13-py3-none-manylinux_2_27_x86_64.whl',
      581_217_458,
      'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
    ),
    wheel(
      'nvidia_cuda_cupti_cu12-12.8.90-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
      10_248_621,
      'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
    ),
    wheel(
      'nvidia_cuda_nvcc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
      40_546_229,
      '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
    ),
    wheel(
      'nvidia_cuda_nvrtc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
      89_568_129,
      '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
    ),
    wheel(
      'nvidia_cuda_runtime_cu12-12.9.79-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
      3_493_179,
      '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    ),
    wheel(
      'nvidia_cudnn_cu12-9.28.0.42-py3-none-manylinux_2_27_x86_64.whl',
      716_538_495,
      '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
    ),
    wheel(
      'nvidia_cufft_cu12-11.4.1.4-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
      200_877_592,
      'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
    ),
    wheel(
      'nvidia_curand_cu12-10.3.10.19-py3-none-manylinux_2_27_x86_64.whl',
      68_295_626,
      '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
    ),
    wheel(
      'nvidia_cusolver_cu12-11.7.5.82-py3-none-manylinux_2_27_x86_64.whl',
      338_117_415,
      '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
    ),
    wheel(
      'nvidia_cusparse_cu12-12.5.10.65-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
      366_465_088,
      '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
    ),
    wheel(
      'nvidia_nccl_cu12-2.32.3-py3-none-manylinux_2_27_x86_64.whl',
      351_526_311,
      'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
    ),
    wheel(
      'nvidia_nvjitlink_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
      39_748_338,
      'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
    ),
  ],
  unpackedBytes: 5_676_179_581,
};

const releases: Readonly<Record<Variant, Partial<Record<Architecture, Release>>>> = {
  cpu: { x64: cpuX64, arm64: cpuArm64 },
  cuda: { x64: cudaX64 },
};

/** Undefined where TensorFlow publishes nothing for this processor. */
export function releaseFor(variant: Variant, architecture: string): Release | undefined {
  return releases[variant][architecture as Architecture];
}

/** The published file of this name, whichever release it belongs to. */
export function publishedArchive(file: string): Archive | undefined {
  return Object.values(releases)
    .flatMap((byArchitecture) => Object.values(byArchitecture))
    .flatMap(({ wheels, jar }): readonly Archive[] => (jar ? [...wheels, jar] : wheels))
    .find((archive) => archive.file === file);
}
