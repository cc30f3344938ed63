// A classic script: no import statements, so the package comes by `import()`.
addEventListener("message", async ({ data: simulator }) => {
  const [imported, { story }] = await Promise.all([import("/package/index.js"), import("/story.mjs")]);
  postMessage(await story(imported, simulator).catch(String));
});
