/** Arrows point down only (docs/architecture.md): the lint that keeps them so. */
const onlyInto = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^${from}/` },
  to: {
    path: '^(api|operator|trainer|server|cli)/',
    pathNot: `^(${[from, ...allowed].join('|')})/`,
  },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    onlyInto('api-depends-on-nothing', 'api', []),
    onlyInto('operator-only-api', 'operator', ['api']),
    onlyInto('trainer-only-api', 'trainer', ['api']),
    {
      name: 'cli-takes-the-pure-operator-only',
      comment:
        'The local world uses the operator’s decisions, never its Kubernetes client; it starts the trainer as a process.',
      severity: 'error',
      from: { path: '^cli/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(operator/(kube|runtime)|trainer)/' },
    },
    {
      name: 'operator-never-loads-tfjs',
      severity: 'error',
      from: { path: '^(api|operator|cli)/', pathNot: '\\.test\\.ts$' },
      to: { path: 'node_modules/@tensorflow' },
    },
    {
      name: 'collective-is-a-library',
      comment: 'No tfjs and no other part of the trainer inside the collective.',
      severity: 'error',
      from: { path: '^trainer/collective/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(trainer/(?!collective/|protobuf)|node_modules/@tensorflow)' },
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(api/generated|runs|node_modules/.cache)' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
