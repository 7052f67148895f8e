/** The arrows between the folders; see README, "Layout". */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'sdk-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^client-sdk/' },
      to: { path: '^(server|pipeline|test|examples|scripts)/' },
    },
    {
      name: 'protocol-imports-zod-only',
      severity: 'error',
      from: { path: '^client-sdk/protocol/' },
      to: { path: '^client-sdk/(?!protocol/)' },
    },
    {
      name: 'pipeline-knows-wire-and-reconstruction-only',
      severity: 'error',
      from: { path: '^pipeline/' },
      to: { path: '^(server/|client-sdk/(?!protocol/|reconstruct/)|test/|examples/)' },
    },
    {
      name: 'examples-use-the-sdk-only',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(server|pipeline|test)/' },
    },
    { name: 'nobody-imports-test', severity: 'error', from: { pathNot: '^test/' }, to: { path: '^test/' } },
    {
      name: 'server-knows-nothing-about-pixels',
      severity: 'error',
      from: { path: '^server/' },
      to: { path: 'node_modules/(node-av|onnxruntime-node)/' },
    },
    {
      name: 'native-packages-in-their-folders',
      severity: 'error',
      from: { pathNot: '^(pipeline/(codec|models)/|server/webrtc/|test/)' },
      to: { path: 'node_modules/(node-av|onnxruntime-node|werift)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/|^test/fixtures/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
