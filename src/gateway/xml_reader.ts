import { PortholeError } from "../core/errors.ts";

/** An element, as far as UPnP needs it: attributes and the order of text and children are left out. */
export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  /** Its own text, trimmed; entities are resolved. */
  readonly text: string;
  /** In the order of the document. */
  readonly children: readonly XmlElement[];
}

/** A text that is no XML, or more than anybody needs. */
export class XmlError extends PortholeError {
  /** Name of the class. */
  override readonly name = "XmlError";
  /** For programs. */
  override readonly code = "xml";

  /** `reason` does not repeat the text. */
  constructor(reason: string) {
    super(`Cannot read XML: ${reason}`);
  }
}

/** Descriptions of routers have some hundred elements, five to eight deep. */
const MOST_CHARACTERS = 256 * 1024;
const MOST_ELEMENTS = 4096;
const MOST_DEPTH = 32;

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

interface OpenElement {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

/**
 * Reads a document, in one pass and in time proportional to its length. A document type declaration with entities of
 * its own is refused, so nothing can grow; other declarations, comments and processing instructions are skipped.
 *
 * @throws {XmlError} If it is malformed, or larger than 256 KiB, 4096 elements or 32 levels.
 */
export function readXml(document: string): XmlElement {
  if (document.length > MOST_CHARACTERS) throw new XmlError(`longer than ${MOST_CHARACTERS} characters`);
  const reader = new XmlReader(document);
  return reader.read();
}

/** The first descendant of that name, in any case, itself included; breadth does not matter to UPnP. */
export function findElement(element: XmlElement, name: string): XmlElement | undefined {
  return findElements(element, name)[0];
}

/** Every descendant of that name, in any case, itself included, in the order of the document. */
export function findElements(element: XmlElement, name: string): readonly XmlElement[] {
  const found = element.name.toLowerCase() === name.toLowerCase() ? [element] : [];
  return [...found, ...element.children.flatMap((child) => findElements(child, name))];
}

/** Text of the direct child of that name, in any case. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name.toLowerCase() === name.toLowerCase())?.text;
}

/** A text as it may stand between tags. */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

class XmlReader {
  readonly #document: string;
  readonly #open: OpenElement[] = [];
  #at = 0;
  #count = 0;
  #root: XmlElement | undefined;

  constructor(document: string) {
    this.#document = document;
  }

  read(): XmlElement {
    const document = this.#document;
    while (this.#root === undefined) {
      const start = document.indexOf("<", this.#at);
      if (start < 0) throw new XmlError("it ends too soon");
      this.#addText(decodeEntities(document.slice(this.#at, start)));
      this.#at = start;
      this.#readMarkup();
    }
    // What follows the root is nobody's business; routers pad with zeros.
    return this.#root;
  }

  #readMarkup(): void {
    const document = this.#document;
    if (document.startsWith("<!--", this.#at)) return this.#skipTo("-->");
    if (document.startsWith("<![CDATA[", this.#at)) {
      const start = this.#at + 9;
      this.#skipTo("]]>");
      return this.#addText(document.slice(start, this.#at - 3));
    }
    if (document.startsWith("<?", this.#at)) return this.#skipTo("?>");
    if (document.startsWith("<!", this.#at)) {
      const start = this.#at;
      this.#skipTo(">");
      if (document.slice(start, this.#at).includes("[")) throw new XmlError("it declares entities");
      return;
    }
    if (document.startsWith("</", this.#at)) return this.#close();
    this.#openTag();
  }

  #skipTo(end: string): void {
    const found = this.#document.indexOf(end, this.#at);
    if (found < 0) throw new XmlError("it ends too soon");
    this.#at = found + end.length;
  }

  #openTag(): void {
    const name = this.#takeName(this.#at + 1);
    const end = this.#tagEnd();
    const isEmpty = this.#document[end - 1] === "/";
    this.#at = end + 1;
    if (++this.#count > MOST_ELEMENTS) throw new XmlError(`more than ${MOST_ELEMENTS} elements`);
    if (this.#open.length === MOST_DEPTH) throw new XmlError(`more than ${MOST_DEPTH} levels`);
    this.#open.push({ name, text: "", children: [] });
    if (isEmpty) this.#finish();
  }

  #close(): void {
    const name = this.#takeName(this.#at + 2);
    const end = this.#tagEnd();
    if (this.#open.at(-1)?.name !== name) throw new XmlError("its tags do not match");
    this.#at = end + 1;
    this.#finish();
  }

  #finish(): void {
    const { name, text, children } = this.#open.pop() ?? { name: "", text: "", children: [] };
    const element: XmlElement = { name, text: text.trim(), children };
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = element;
    else parent.children.push(element);
  }

  #addText(text: string): void {
    const element = this.#open.at(-1);
    if (element !== undefined) element.text += text;
  }

  /** Without its prefix. */
  #takeName(start: number): string {
    const pattern = /[^\s<>/=&"']+/y;
    pattern.lastIndex = start;
    const name = pattern.exec(this.#document)?.[0];
    if (name === undefined || name.length > 256) throw new XmlError("a tag without a name");
    return name.slice(name.lastIndexOf(":") + 1);
  }

  /** Where the tag's ">" is; one in quotes is none. */
  #tagEnd(): number {
    const document = this.#document;
    for (let at = this.#at + 1; at < document.length; at++) {
      const character = document[at];
      if (character === ">") return at;
      if (character === "<") break;
      if (character !== '"' && character !== "'") continue;
      at = document.indexOf(character, at + 1);
      if (at < 0) break;
    }
    throw new XmlError("a tag without an end");
  }
}

/** The five entities that need no declaration, and characters by number; all else stays as it is. */
function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,4}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
    const code = decimal === undefined ? parseInt(String(hex), 16) : Number(decimal);
    return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
  });
}
