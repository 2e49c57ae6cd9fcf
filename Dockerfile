# syntax=docker/dockerfile:1
# The images of a worker:
#
#   docker build --target trainer     -t tfjs-operator/trainer .       TensorFlow on the CPU (the default)
#   docker build --target trainer-gpu -t tfjs-operator/trainer-gpu .   the same with CUDA 12
#
# Both run as a user without rights, on a read-only root file system, with /tmp as the only folder to
# write to, as the restricted Pod Security Standard and operator/trainingjob/pod-template.ts ask.
# Registries with a password or a mirror: --secret id=pip,src=pip.conf --secret id=npm,src=.npmrc.
# See docs/guides/tensorflow.md.

# The Node that package.json pins; glibc, as TensorFlow's library needs it.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
RUN apt-get update \
  && apt-get install --yes --no-install-recommends binutils g++ python3-pip \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY api/package.json api/
COPY cli/package.json cli/
COPY operator/package.json operator/
COPY trainer/package.json trainer/
RUN --mount=type=secret,id=npm,target=/root/.npmrc \
  npm ci --omit=dev --ignore-scripts --workspace=trainer
COPY api api
COPY cli cli
COPY scripts scripts
COPY trainer trainer

FROM build AS tensorflow
# Other options of the installer, such as a mirror.
ARG TENSORFLOW_OPTIONS=--strip
RUN --mount=type=secret,id=npm,target=/root/.npmrc --mount=type=secret,id=pip,target=/etc/pip.conf \
  node scripts/tensorflow/main.ts --into /opt/tensorflow ${TENSORFLOW_OPTIONS}

FROM build AS tensorflow-cuda
ARG TENSORFLOW_OPTIONS=--strip
RUN --mount=type=secret,id=npm,target=/root/.npmrc --mount=type=secret,id=pip,target=/etc/pip.conf \
  node scripts/tensorflow/main.ts --cuda --into /opt/tensorflow ${TENSORFLOW_OPTIONS}

FROM ${NODE_IMAGE} AS worker
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/api api
COPY --from=build /app/trainer trainer
ENV NODE_ENV=production
ENV NODE_COMPILE_CACHE=/tmp/node-compile-cache
ENV TFJS_TENSORFLOW_HOME=/opt/tensorflow
# "nonroot", which is also what the operator runs pods as; a number, so that Kubernetes can check it.
USER 65532:65532
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "/app/trainer/main.ts"]

FROM worker AS trainer-gpu
COPY --from=tensorflow-cuda /opt/tensorflow /opt/tensorflow
# What the driver compiles for a GPU that the library has no code for, an H100 for one: mount a volume
# here, or name its path, and it is compiled once. 4 GiB is the most that CUDA allows.
ENV CUDA_CACHE_PATH=/tmp/cuda-cache
ENV CUDA_CACHE_MAXSIZE=4294967296
# What the NVIDIA container runtime brings from the host; which GPUs, the device plugin says.
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM worker AS trainer
COPY --from=tensorflow /opt/tensorflow /opt/tensorflow
