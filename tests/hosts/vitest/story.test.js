// The story in Vitest's default environment.
import * as imported from "disconnect-if-connected";
import { expect, test } from "vitest";
import { expected, story } from "./story.mjs";

test("story", async () => expect(await story(imported, process.env.SIMULATOR)).toBe(expected), 60_000);
