// The element in React 19: its properties are props, its events are props with the prefix `on`.
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import "disconnect-if-connected/element/react";
import { conversationId, options } from "../platform.js";

function Call() {
  const [ended, setEnded] = useState("");
  return (
    <>
      <remove-caller
        conversationId={conversationId ?? ""}
        options={options}
        confirmMode="always"
        onremove-caller-outcome={({ detail }) => setEnded(`${detail.participant.name}: ${detail.result.outcome}`)}
        onremove-caller-error={({ detail }) => setEnded(String(detail.error))}
      />
      <output>{ended}</output>
    </>
  );
}

const place = document.querySelector("#app");
if (place)
  createRoot(place).render(
    <StrictMode>
      <Call />
    </StrictMode>,
  );
