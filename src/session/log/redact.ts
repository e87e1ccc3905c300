// Passwords stay out of the log: the literal after the word PASSWORD (CREATE and ALTER ROLE, USER and GROUP) is replaced,
// also in text that does not parse, and where a message repeats it. Values of parameters never stand there: the grammar
// wants a literal.

const hidden = "'********'";

/** PASSWORD and the string after it: in quotes (E'' with its backslashes too), or in dollar quotes; an unended one goes to
 *  the end of the text. */
const password =
  /\b(password\s*)(e'(?:[^'\\]|''|\\[\s\S])*(?:'|$)|(?:u&)?'(?:[^']|'')*(?:'|$)|(\$\w*\$)[\s\S]*?(?:\3|$))/gi;

/** The statement's text as it may be logged. */
export function redacted(sql: string): string {
  return speaksOfPasswords(sql) ? sql.replace(password, (_whole, word: string) => word + hidden) : sql;
}

/** What is said of a statement, without the passwords of either. */
export function redactedMessage(message: string, sql: string): string {
  let shown = redacted(message);
  if (speaksOfPasswords(sql)) {
    for (const [, , literal = ''] of sql.matchAll(password)) shown = shown.replaceAll(literal, hidden);
  }
  return shown;
}

/** Most texts don't. */
function speaksOfPasswords(text: string): boolean {
  return /password/i.test(text);
}
