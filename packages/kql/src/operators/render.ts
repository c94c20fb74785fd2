import type { OperatorSyntax } from '../syntax/tree.js';
import { piped } from './operator.js';

interface RenderSyntax extends OperatorSyntax {
  readonly visualization: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** `T | render timechart with (title = "x")`: for the client; rows stay as they are. */
export const render = piped<RenderSyntax>({
  names: ['render'],
  parse(parser, start) {
    const visualization = parser.name('a visualization').text;
    const properties: Record<string, string> = {};
    const property = (): void => {
      const name = parser.name('a property').text;
      parser.expect('=');
      const values: string[] = [];
      do {
        // `ycolumns = a, b` goes on until the next `name =`.
        if (values.length > 0 && parser.is('=', 1)) {
          parser.accept(',');
          break;
        }
        const token = parser.next();
        values.push(token.kind === 'string' ? token.value : token.text);
        if (!parser.is(',') || parser.is('=', 2)) break;
      } while (parser.accept(','));
      properties[name] = values.join(',');
    };
    if (parser.accept('with')) {
      parser.expect('(');
      while (!parser.is(')')) {
        property();
        parser.accept(',');
      }
      parser.expect(')');
    } else {
      while (parser.peek().kind === 'name' && (parser.is('=', 1) || parser.is('by'))) {
        if (parser.accept('by')) properties['series'] = parser.wildcardName().text;
        else property();
      }
    }
    return { operator: 'render', visualization, properties, span: parser.spanFrom(start) };
  },
  bind(_, syntax, input) {
    return {
      ...input,
      visualization: { visualization: syntax.visualization, properties: syntax.properties },
    };
  },
});
