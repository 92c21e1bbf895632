import { object } from "@optique/core/constructs";
import { type Message, text } from "@optique/core/message";
import { multiple, optional, withDefault } from "@optique/core/modifiers";
import type { Parser } from "@optique/core/parser";
import { argument, command, constant, option } from "@optique/core/primitives";
import { findSimilar } from "@optique/core/suggestion";
import type { ValueParser } from "@optique/core/valueparser";
import type { HostPort } from "../core/endpoint.ts";
import { LANGS } from "../text/lang.ts";
import type { Texts } from "../text/texts.ts";
import { type CommandArgs, LOG_LEVELS, type SharedArgs } from "./command_args.ts";
import { formatServer, hostPortReader } from "../config/values.ts";
import { valueParser } from "./value_parsers.ts";

/** A parser of one value, its inner state left to Optique. */
export type Field<T> = Parser<"sync", T, unknown>;

/** One parser for each field. */
export type Fields<T> = { readonly [K in keyof T]: Field<T[K]> };

type OptionName = `-${string}`;

/** Puts the catalogue's words, in one language, into Optique's primitives. */
export class ParserBuilder {
  /** The catalogue in use. */
  readonly texts: Texts;
  readonly #optionNames: string[] = [];

  constructor(texts: Texts) {
    this.texts = texts;
  }

  /** A command whose result is `T`. */
  command<T extends CommandArgs>(
    name: T["command"],
    brief: string,
    fields: Fields<Omit<T, "command">>,
    description?: string,
  ): Field<CommandArgs> {
    const parser = object({ command: constant(name), ...fields }, {
      errors: {
        unexpectedInput: (token: string): Message => this.unexpected(token, this.#optionNames),
        suggestions: (): Message => [],
      },
    });
    const options = description === undefined ? {} : { description: say(description) };
    return command(name, parser, { brief: say(brief), ...options }) as unknown as Field<CommandArgs>;
  }

  /** The error for a word nobody expects, with the names that look like it. */
  unexpected(token: string, names: readonly string[]): Message {
    const { usage } = this.texts;
    const similar = findSimilar(token.replace(/=.*/s, ""), names, { maxDistance: 2, maxSuggestions: 2 });
    const hint = similar.length === 0 ? [] : [usage.didYouMean(similar)];
    return say([usage.unexpected(token), ...hint].join(usage.joiner));
  }

  /** A flag that is `false` unless given. */
  flag(name: OptionName, description: string): Field<boolean> {
    const { usage } = this.texts;
    this.#optionNames.push(name);
    return option(name, {
      description: say(description),
      errors: {
        duplicate: (token: string): Message => say(usage.repeated(token)),
        unexpectedValue: (): Message => say(usage.noValue(name)),
      },
    });
  }

  /** An option that may be given once. */
  option<T>(name: OptionName, value: ValueParser<"sync", T>, description: string): Field<T | undefined> {
    return optional(this.#option(name, value, description));
  }

  /** An option that has a value without being given. */
  optionOr<T>(
    name: OptionName,
    value: ValueParser<"sync", T>,
    more: { readonly fallback: T; readonly description: string },
  ): Field<T> {
    return withDefault(this.#option(name, value, more.description), more.fallback);
  }

  /** An option that may be repeated. */
  options<T>(name: OptionName, value: ValueParser<"sync", T>, description: string): Field<readonly T[]> {
    return multiple(this.#option(name, value, description));
  }

  #option<T>(name: OptionName, value: ValueParser<"sync", T>, description: string): Field<T> {
    const { usage } = this.texts;
    this.#optionNames.push(name);
    return option(name, value, {
      description: say(description),
      errors: {
        duplicate: (token: string): Message => say(usage.repeated(token)),
        endOfInput: say(usage.missingValue(name, value.metavar)),
        invalidValue: (error: Message): Message => [text(`${name}: `), ...error],
      },
    });
  }

  /** A positional argument. */
  argument<T>(value: ValueParser<"sync", T>, description: string): Field<T> {
    return argument(value, {
      description: say(description),
      errors: {
        endOfInput: say(this.texts.usage.missingArgument(value.metavar)),
        invalidValue: (error: Message): Message => error,
      },
    });
  }

  /** One of a few words. */
  choice<T extends string>(metavar: string, choices: readonly T[]): ValueParser<"sync", T> {
    return valueParser({
      metavar,
      choices,
      read(value): T {
        const found = choices.find((choice) => choice === value);
        if (found === undefined) throw new SyntaxError(`Cannot use "${value}"`);
        return found;
      },
      write: (value) => value,
      refuse: (value) => this.texts.usage.badChoice(value, choices),
    });
  }

  /** A host with an optional port. */
  server(defaultPort: number): ValueParser<"sync", HostPort> {
    return valueParser({
      metavar: "HOST[:PORT]",
      read: hostPortReader(defaultPort),
      write: formatServer,
      refuse: this.texts.usage.badHost,
    });
  }

  /** The flags that every command has. */
  shared(): Fields<SharedArgs> {
    const { help } = this.texts;
    return {
      json: this.flag("--json", help.json),
      logLevel: this.option("--log-level", this.choice("LEVEL", LOG_LEVELS), help.logLevel),
      quiet: this.flag("--quiet", help.quiet),
      lang: this.option("--lang", this.choice("LANG", LANGS), help.lang),
    };
  }
}

function say(words: string): Message {
  return [text(words)];
}
