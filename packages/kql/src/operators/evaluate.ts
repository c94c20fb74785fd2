import { notSupported } from '../diagnostics.js';
import type { OperatorSyntax } from '../syntax/tree.js';
import { piped } from './operator.js';
import { pluginNamed } from './plugins/index.js';
import type { PluginCall } from './plugins/plugin.js';

interface EvaluateSyntax extends OperatorSyntax, PluginCall {}

/** `T | evaluate plugin(…) : (a:long)`. The plugins are listed in `plugins/index.ts`. */
export const evaluate = piped<EvaluateSyntax>({
  names: ['evaluate'],
  parse(parser, start) {
    parser.options();
    const plugin = parser.name('a plugin');
    parser.expect('(');
    const args = parser.is(')') ? [] : parser.namedExpressions();
    parser.expect(')');
    let schema: EvaluateSyntax['schema'];
    if (parser.accept(':')) {
      parser.expect('(');
      const withInput = parser.is('*');
      schema = { withInput, columns: parser.columns() };
      parser.expect(')');
    }
    return { operator: 'evaluate', plugin, args, schema, span: parser.spanFrom(start) };
  },
  bind(context, syntax, input) {
    const plugin = pluginNamed(syntax.plugin.text);
    if (plugin === undefined)
      notSupported(`The plugin '${syntax.plugin.text}'`, syntax.plugin.span);
    return plugin.bind(context, syntax, input);
  },
});
