// One-dimensional array literals of text, as catalog data files and aclitem[] columns hold them: {a,"b c",NULL}.

/** Elements of {...}; quoted ones unescaped. NULL elements don't occur in catalogs. */
export function parseArrayText(text: string): string[] {
  const elements: string[] = [];
  let at = 1;
  while (at < text.length - 1) {
    let element = '';
    if (text[at] === '"') {
      for (at++; text[at] !== '"'; at++) {
        if (text[at] === '\\') at++;
        element += text[at];
      }
      at++;
    } else {
      while (at < text.length - 1 && text[at] !== ',') {
        if (text[at] === '\\') at++;
        element += text[at++];
      }
    }
    elements.push(element);
    at++;
  }
  return elements;
}

/** {...} with PostgreSQL's quoting of elements. */
export function printArrayText(elements: readonly string[]): string {
  return `{${elements.map(quoteElement).join(',')}}`;
}

function quoteElement(element: string): string {
  const plain = element !== '' && !/[{}",\\\s]/.test(element) && element.toLowerCase() !== 'null';
  return plain ? element : `"${element.replace(/[\\"]/g, '\\$&')}"`;
}
