// The report of a page: what the story returned for `?simulator=<url>`, posted to `?report=<url>`.
export async function report(story) {
  const parameters = new URLSearchParams(location.search);
  const body = await story(parameters.get("simulator")).catch(String);
  // The page of a development server is of another origin than the server that takes the reports.
  await fetch(parameters.get("report"), { method: "POST", mode: "no-cors", body });
}
