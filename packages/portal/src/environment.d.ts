// Monaco's modules below its public entry have no declarations of their own.
declare module 'monaco-editor/esm/vs/editor/edcore.main' {
  export * from 'monaco-editor/esm/vs/editor/editor.api';
}
declare module '@kusto/monaco-kusto/release/esm/kusto.worker?worker' {
  const KustoWorker: new (options?: { name?: string }) => Worker;
  export default KustoWorker;
}
declare module 'monaco-editor/esm/vs/editor/editor.worker?worker' {
  const EditorWorker: new (options?: { name?: string }) => Worker;
  export default EditorWorker;
}
