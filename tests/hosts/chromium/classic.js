// A classic script that uses the global of index.iife.js; only the story and the report are modules.
(async () => {
  const [{ report }, { story }] = await Promise.all([import("/shared/report.mjs"), import("/shared/story.mjs")]);
  await report((simulator) => story(DisconnectIfConnected, simulator));
})();
