// The story in a classic worker, which has no import statements: the package is loaded by `import()`.
addEventListener("message", async ({ data: simulator }) => {
  const [imported, { story }] = await Promise.all([import("/package/index.js"), import("/shared/story.mjs")]);
  postMessage(await story(imported, simulator).catch(String));
});
