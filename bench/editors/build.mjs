// Bundles the peers' pages into `pages/`, each as one script and one style sheet, minified as for production.

import { mkdir, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const styles = {
  "y-prosemirror": [
    "prosemirror-view/style/prosemirror.css",
    "prosemirror-menu/style/menu.css",
    "prosemirror-example-setup/style/style.css",
  ],
  "y-quill": ["quill/dist/quill.snow.css"],
};

await mkdir("pages", { recursive: true });
for (const [name, sheets] of Object.entries(styles)) {
  const shared = { bundle: true, minify: true, define: { "process.env.NODE_ENV": '"production"' }, logLevel: "warning" };
  await build({ ...shared, entryPoints: [`${name}.js`], format: "iife", target: "es2021", outfile: `pages/${name}.js` });
  const sheet = [...sheets, "./page.css"].map((path) => `@import "${path}";`).join("\n");
  await build({
    ...shared,
    stdin: { contents: sheet, resolveDir: ".", loader: "css" },
    outfile: `pages/${name}.css`,
  });
  await writeFile(
    `pages/${name}.html`,
    `<!doctype html>
<html lang="sv">
<head>
<meta charset="utf-8">
<title>${name}</title>
<link rel="stylesheet" href="${name}.css">
</head>
<body>
<div id="editor"></div>
<script src="${name}.js"></script>
</body>
</html>
`,
  );
}
