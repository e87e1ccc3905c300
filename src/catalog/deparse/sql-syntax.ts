// Functions that SQL spells with key words of its own: EXTRACT(year FROM x), TRIM(BOTH ...), x AT TIME ZONE y, ...
import type { Expression, FuncExpr } from '../../trees/expression.js';
import type { DeparseContext } from './context.js';
import { deparse } from './expression.js';

/** Prints the call in SQL's own form; false where the function has none. */
export function deparseSqlSyntax(context: DeparseContext, node: FuncExpr): boolean {
  const name = context.catalog.requireFunction(node.function).name;
  const form = forms[name];
  if (!form) return false;
  form(context, node.args);
  return true;
}

type Form = (context: DeparseContext, args: readonly Expression[]) => void;

const forms: Readonly<Record<string, Form | undefined>> = Object.assign(Object.create(null), {
  timezone: (context: DeparseContext, args: readonly Expression[]) => {
    const [zone, time] = args.length === 1 ? [null, args[0]] : args;
    context.writer.append('(');
    show(context, time);
    if (zone) {
      context.writer.append(' AT TIME ZONE ');
      show(context, zone);
    } else context.writer.append(' AT LOCAL');
    context.writer.append(')');
  },
  overlaps: (context: DeparseContext, args: readonly Expression[]) =>
    template(context, args, ['((', ', ', ') OVERLAPS (', ', ', '))']),
  extract: (context: DeparseContext, args: readonly Expression[]) => {
    const field = args[0];
    const text = field?.kind === 'Const' && typeof field.value === 'string' ? field.value : '';
    context.writer.append(`EXTRACT(${text} FROM `);
    show(context, args[1]);
    context.writer.append(')');
  },
  is_normalized: (context: DeparseContext, args: readonly Expression[]) => {
    context.writer.append('(');
    show(context, args[0]);
    context.writer.append(` IS${keywordArgument(args[1])} NORMALIZED)`);
  },
  normalize: (context: DeparseContext, args: readonly Expression[]) => {
    context.writer.append('NORMALIZE(');
    show(context, args[0]);
    const form = keywordArgument(args[1]);
    context.writer.append(form === '' ? ')' : `,${form})`);
  },
  pg_collation_for: (context: DeparseContext, args: readonly Expression[]) =>
    template(context, args, ['COLLATION FOR (', ')']),
  overlay: (context: DeparseContext, args: readonly Expression[]) =>
    template(
      context,
      args,
      args.length === 4 ? ['OVERLAY(', ' PLACING ', ' FROM ', ' FOR ', ')'] : ['OVERLAY(', ' PLACING ', ' FROM ', ')'],
    ),
  position: (context: DeparseContext, args: readonly Expression[]) => {
    // The arguments are the other way round; b_expr operands need parentheses to be safe.
    template(context, [...args].reverse(), ['POSITION((', ') IN (', '))']);
  },
  substring: (context: DeparseContext, args: readonly Expression[]) =>
    template(context, args, args.length === 3 ? ['SUBSTRING(', ' FROM ', ' FOR ', ')'] : ['SUBSTRING(', ' FROM ', ')']),
  btrim: trim('BOTH'),
  ltrim: trim('LEADING'),
  rtrim: trim('TRAILING'),
  system_user: (context: DeparseContext) => context.writer.append('SYSTEM_USER'),
});

function trim(side: string): Form {
  return (context, args) => {
    context.writer.append(`TRIM(${side}`);
    if (args[1]) {
      context.writer.append(' ');
      show(context, args[1]);
    }
    context.writer.append(' FROM ');
    show(context, args[0]);
    context.writer.append(')');
  };
}

/** The pieces, with the arguments between them. */
function template(context: DeparseContext, args: readonly Expression[], pieces: readonly string[]): void {
  pieces.forEach((piece, index) => {
    context.writer.append(piece);
    if (index < pieces.length - 1) show(context, args[index]);
  });
}

function show(context: DeparseContext, arg: Expression | null | undefined): void {
  if (arg) deparse(context, arg, false);
}

function keywordArgument(arg: Expression | undefined): string {
  return arg?.kind === 'Const' && typeof arg.value === 'string' ? ` ${arg.value.toUpperCase()}` : '';
}
