import { PublishError } from "./publisher.ts";

/** Which page is asked for. */
export interface PageRequest {
  /** Items before it. */
  readonly offset: number;
  /** From 1. */
  readonly number: number;
}

/** One page of a list. */
export interface Page<T> {
  /** What is on it. */
  readonly items: readonly T[];
  /** Items on all pages, as the server says. */
  readonly total: number;
}

/** No account has as many; a server that goes on for ever is broken. */
const MOST_PAGES = 1000;

/**
 * Reads a paged list to its end: until there are as many items as the server says, or a page is empty. How many items
 * come on a page is the server's choice, so that a short page is not the last one.
 *
 * @throws {PublishError} If it does not end.
 */
export async function readPages<T>(
  provider: string,
  readPage: (request: PageRequest) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const all: T[] = [];
  for (let number = 1; number <= MOST_PAGES; number++) {
    const { items, total } = await readPage({ offset: all.length, number });
    all.push(...items);
    if (items.length === 0 || all.length >= total) return all;
  }
  throw new PublishError(provider, `the list has more than ${MOST_PAGES} pages`);
}
