/**
 * Lint plugin: imports point down the layer table of ARCHITECTURE, siblings never import each other, and only
 * ffi/ loads native code.
 */

/** For each folder, the folders it may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "ffi": [],
  "src/core": [],
  "src/text": ["src/core"],
  "src/net": ["ffi", "src/core"],
  "src/stun": ["src/core"],
  "src/dns": ["src/core"],
  "src/behavior": ["src/core", "src/stun"],
  "src/find": ["src/core", "src/dns"],
  "src/gateway": ["src/core"],
  "src/reach": ["src/core"],
  "src/keeper": ["src/core", "src/stun"],
  "src/forward": ["ffi", "src/core", "src/net"],
  "src/hook": ["src/core"],
  "src/reuse": ["ffi", "src/core"],
  "src/publish": ["src/core", "src/dns"],
  "src/minecraft": ["src/core"],
  "src/status": ["src/core", "src/text"],
  "src/box": ["src/core"],
  "src/config": [
    "src/core",
    "src/text",
    "src/stun",
    "src/keeper",
    "src/forward",
    "src/gateway",
    "src/hook",
    "src/publish",
  ],
  "src/plan": [
    "src/core",
    "src/stun",
    "src/keeper",
    "src/forward",
    "src/gateway",
    "src/hook",
    "src/publish",
    "src/config",
  ],
  "src/daemon": [
    "src/core",
    "src/text",
    "src/net",
    "src/stun",
    "src/behavior",
    "src/keeper",
    "src/forward",
    "src/hook",
    "src/reuse",
    "src/publish",
    "src/status",
    "src/gateway",
    "src/plan",
  ],
  "src/cli": [
    "src/core",
    "src/text",
    "src/net",
    "src/stun",
    "src/behavior",
    "src/keeper",
    "src/forward",
    "src/hook",
    "src/status",
    "src/box",
    "src/plan",
    "src/daemon",
    "src/publish",
    "src/minecraft",
    "src/reuse",
    "src/dns",
    "src/find",
    "src/gateway",
    "src/reach",
    "src/config",
  ],
};

function layerOf(path: string): string | undefined {
  return Object.keys(MAY_IMPORT).find((layer) => path.includes(`/${layer}/`));
}

const plugin: Deno.lint.Plugin = {
  name: "porthole",
  rules: {
    layers: {
      create(context): Deno.lint.LintVisitor {
        const from = context.filename.includes("/tests/") ? undefined : layerOf(context.filename);
        function check(source: Deno.lint.Expression | null): void {
          if (from === undefined || source?.type !== "Literal" || typeof source.value !== "string") return;
          if (!source.value.startsWith(".")) return;
          const into = layerOf(new URL(source.value, `file://${context.filename}`).pathname);
          if (into === undefined || from === into || MAY_IMPORT[from]?.includes(into)) return;
          context.report({ node: source, message: `${from} may not import ${into}` });
        }
        return {
          ImportDeclaration: (node) => check(node.source),
          ExportAllDeclaration: (node) => check(node.source),
          ExportNamedDeclaration: (node) => check(node.source),
          ImportExpression: (node) => check(node.source),
        };
      },
    },
    "ffi-only": {
      create(context): Deno.lint.LintVisitor {
        if (/\/(ffi|tests|tools)\//.test(context.filename)) return {};
        return {
          'MemberExpression[object.name="Deno"][property.name="dlopen"]'(node): void {
            context.report({ node, message: "Only ffi/ calls Deno.dlopen" });
          },
        };
      },
    },
  },
};

export default plugin;
