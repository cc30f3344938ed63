// A client component that runs the story in the browser.
"use client";

import * as imported from "disconnect-if-connected";
import { useEffect } from "react";
import { report } from "../report.mjs";
import { story } from "../story.mjs";

export default function Page() {
  useEffect(() => {
    report((simulator) => story(imported, simulator));
  }, []);
  return null;
}
