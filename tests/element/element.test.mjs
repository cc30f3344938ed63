// `<remove-caller>` in real browsers (contract 11), against the simulator in the page, under a strict policy with
// Trusted Types. No test depends on the speed of the machine: each waits for a condition.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { audit } from "./axe.mjs";
import { inBrowsers, open, serveTests } from "./support.mjs";

inBrowsers((browser) => {
  let server;
  let instance;
  let page;
  let problems;
  let close;
  /** Runs a function in the page, which has page.js's `lab`. */
  const run = (work, argument) => page.evaluate(work, argument);

  before(async () => {
    server = await serveTests();
    instance = await open(browser);
    ({ page, problems, close } = await instance.page(`${server.url}tests/element/page.html`));
    await page.waitForFunction(() => window.ready);
  });
  after(async () => {
    await close?.();
    await instance?.close();
    await server?.close();
  });

  test("shows people with their states; a button is enabled where a removal makes sense", async () => {
    await run(() => lab.mount());
    assert.deepEqual(await run(() => lab.rows()), [
      "Ada Lovelace | Agent | connected | on",
      "Grace Hopper | Customer | connected | on",
      "+13175550199 | External | being dialled | off",
    ]);
    assert.equal(await run(() => lab.status()), "");
    assert.equal(await run(() => lab.simulator.log().length), 1);
    // A disabled button does nothing.
    await run(() => lab.part("button", "+13175550199").click());
    assert.equal(await run(() => lab.part("question", "+13175550199")), undefined);
    await run(() => lab.mount({ where: { purpose: ["acd", "agent"] } }));
    assert.deepEqual(await run(() => lab.rows()), [
      "Ada Lovelace | Agent | connected | on",
      "Support | acd | connected | on",
    ]);
  });

  test("asks in place with the name; confirming removes, and the status reports it", async () => {
    await run(() => lab.mount({ platform: { readLagMs: 100, effectDelayMs: 50 } }));
    await run(() => lab.part("button", "Grace Hopper").click());
    assert.deepEqual(
      await run(() => ({
        question: lab.part("asked", "Grace Hopper").textContent,
        group: lab.part("question", "Grace Hopper").getAttribute("aria-label"),
        confirm: lab.part("confirm", "Grace Hopper").getAttribute("aria-label"),
        focus: lab.element.shadowRoot.activeElement.getAttribute("part"),
        expanded: lab.part("button", "Grace Hopper").getAttribute("aria-expanded"),
        requests: lab.simulator.log().length,
      })),
      {
        question: "Remove Grace Hopper from the call?",
        group: "Remove Grace Hopper from the call?",
        confirm: "Remove Grace Hopper",
        focus: "confirm",
        expanded: "true",
        requests: 1,
      },
    );
    const { statuses, events, rows, writes, focus } = await run(async () => {
      lab.part("confirm", "Grace Hopper").click();
      const busy = lab.part("button", "Grace Hopper").getAttribute("aria-busy");
      await lab.until(() => lab.events.length === 2);
      const focus = lab.element.shadowRoot.activeElement.getAttribute("part");
      return {
        statuses: lab.statuses,
        events: lab.events,
        rows: lab.rows(),
        writes: lab.writes(),
        focus: [busy, focus],
      };
    });
    assert.deepEqual(events, ["before p-grace", "outcome p-grace disconnected"]);
    assert.equal(statuses.filter((text) => !text.startsWith("Reading"))[0], "Removing Grace Hopper …");
    assert.ok(
      statuses.includes("The platform has accepted it. Waiting for Grace Hopper to leave …"),
      statuses.join("\n"),
    );
    assert.equal(statuses.at(-1), "Grace Hopper was removed.");
    assert.deepEqual([rows[1], writes], ["Grace Hopper | Customer | gone | off", 1]);
    // The focus stays on the button that was pressed.
    assert.deepEqual(focus, ["true", "button"]);
  });

  test("Escape and Cancel close the question, nothing is sent, the focus returns", async () => {
    await run(() => lab.mount());
    for (const close of [
      () => page.keyboard.press("Escape"),
      () => run(() => lab.part("cancel", "Grace Hopper").click()),
    ]) {
      await run(() => lab.part("button", "Grace Hopper").click());
      await close();
      const state = await run(() => [
        !lab.part("question", "Grace Hopper"),
        lab.element.shadowRoot.activeElement.getAttribute("aria-label"),
        lab.simulator.log().length,
        lab.events.length,
      ]);
      assert.deepEqual(state, [true, "Remove Grace Hopper", 1, 0]);
    }
    // One question at a time.
    const open = await run(() => {
      lab.part("button", "Grace Hopper").click();
      lab.part("button", "Ada Lovelace").click();
      return ["Grace Hopper", "Ada Lovelace"].map((name) => !lab.part("question", name));
    });
    assert.deepEqual(open, [true, false]);
  });

  test("by keyboard only; a key that is held down does not answer the question", async () => {
    await run(() => lab.mount());
    await run(() => document.activeElement?.blur());
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    const focused = () =>
      run(() => lab.element.shadowRoot.activeElement?.getAttribute("aria-label") ?? document.activeElement.tagName);
    while ((await focused()) !== "Remove Grace Hopper") await page.keyboard.press("Tab");
    await page.keyboard.down("Enter");
    const repeated = await run(() => {
      const confirm = lab.part("confirm", "Grace Hopper");
      const init = { key: "Enter", repeat: true, bubbles: true, composed: true, cancelable: true };
      const event = new KeyboardEvent("keydown", init);
      return confirm.dispatchEvent(event);
    });
    await page.keyboard.up("Enter");
    assert.equal(repeated, false, "the repeated key is prevented");
    assert.equal(await run(() => Boolean(lab.part("question", "Grace Hopper"))), true);
    await page.keyboard.press("Tab");
    assert.equal(await run(() => lab.element.shadowRoot.activeElement.getAttribute("part")), "cancel");
    await page.keyboard.down("Shift");
    await page.keyboard.press("Tab");
    await page.keyboard.up("Shift");
    await page.keyboard.press("Enter");
    await run(() => lab.until(() => lab.events.length === 2));
    assert.deepEqual(await run(() => lab.events), ["before p-grace", "outcome p-grace disconnected"]);
  });

  test("confirm-mode: never, and last, which asks for the last connected customer only", async () => {
    const asks = (name) =>
      run(async (name) => {
        const before = lab.events.length;
        lab.part("button", name).click();
        if (lab.part("question", name)) return true;
        await lab.until(() => lab.events.length === before + 2);
        return false;
      }, name);
    await run(() => lab.mount({ confirmMode: "never" }));
    assert.equal(await asks("Grace Hopper"), false);
    await run(() => {
      const [customer] = lab.people.filter(({ id }) => id === "p-grace");
      const second = { ...customer, id: "p-joan", name: "Joan", purpose: "external" };
      return lab.mount({ confirmMode: "last", participants: [...lab.people, second] });
    });
    assert.deepEqual(
      [await asks("Ada Lovelace"), await asks("Joan"), await asks("Grace Hopper")],
      [false, false, true],
    );
    const modes = await run(() => {
      const element = document.createElement("remove-caller");
      const modes = [element.confirmMode];
      for (const mode of ["last", "sometimes", "never", undefined]) {
        element.confirmMode = mode;
        modes.push(element.confirmMode, element.getAttribute("confirm-mode"));
      }
      return modes;
    });
    assert.deepEqual(modes, ["always", "last", "last", "always", "sometimes", "never", "never", "always", null]);
  });

  test("a listener that prevents remove-caller-before prevents the removal", async () => {
    await run(() => lab.mount());
    const result = await run(async () => {
      document.addEventListener("remove-caller-before", (event) => event.preventDefault(), { once: true });
      lab.remove("Grace Hopper");
      return [lab.events, lab.status(), lab.rows()[1]];
    });
    assert.deepEqual(result, [["before p-grace"], "", "Grace Hopper | Customer | connected | on"]);
    assert.equal(await run(() => lab.simulator.log().length), 1);
  });

  test("the status reports progress while the platform settles", async () => {
    const removal = async (schedule, platform) => {
      await run(
        ({ schedule, platform }) => {
          const [participant] = lab.people.filter(({ id }) => id === "p-grace");
          return lab.mount({ participants: [{ ...participant, schedule }], platform });
        },
        { schedule, platform },
      );
      return run(() => lab.removal("Grace Hopper"));
    };
    const changing = await removal([
      { at: -1e6, state: "connected", changing: true },
      { at: 700, state: "connected" },
    ]);
    assert.ok(
      changing.statuses.includes("The platform is still changing the call of Grace Hopper, trying again …"),
      changing.statuses.join("\n"),
    );
    const refused = await removal([{ at: -1e6, state: "connected", changing: true }]);
    assert.deepEqual(refused.events, ["before p-grace", "error p-grace CONFLICT"]);
    assert.match(refused.statuses.at(-1), /^Grace Hopper was not removed: the platform is still changing the call/);
    assert.equal(refused.rows[0], "Grace Hopper | Customer | connected | on");
    const busy = await removal([{ at: -1e6, state: "connected" }], {
      faults: [{ on: "read", skip: 1, status: 429, headers: [["Retry-After", "1"]] }],
    });
    assert.ok(
      busy.statuses.includes("The platform asks for a pause of 1 s, then trying again …"),
      busy.statuses.join("\n"),
    );
    const down = await removal([{ at: -1e6, state: "connected" }], { faults: [{ on: "write", status: 503 }] });
    assert.ok(down.statuses.includes("The platform does not answer, trying again …"), down.statuses.join("\n"));
    assert.equal(down.statuses.at(-1), "Grace Hopper was removed.");
  });

  test("every outcome and every error has a text, in English and German", async () => {
    await run(() => lab.mount());
    const states = [
      [{ outcome: "disconnected", acknowledged: true, confirmed: true }, "was removed.", "wurde entfernt."],
      [
        { outcome: "disconnected", acknowledged: true, confirmed: false, state: "connected" },
        "still shows: connected",
        "zeigt aber noch: verbunden",
      ],
      [{ outcome: "disconnected", acknowledged: false, confirmed: true }, "did not say whether", "sagt nicht, ob"],
      [
        { outcome: "already-disconnected", acknowledged: false, confirmed: true },
        "had already left.",
        "war schon gegangen.",
      ],
      [
        { outcome: "not-connected", acknowledged: false, confirmed: false, state: "queued" },
        "still in the queue. Nothing was changed.",
        "noch in der Warteschlange. Nichts wurde geändert.",
      ],
    ];
    const codes = [
      "INVALID_ARGUMENT",
      "PARTICIPANT_NOT_FOUND",
      "CONVERSATION_NOT_FOUND",
      "UNAUTHORIZED",
      "FORBIDDEN",
      "CONFLICT",
      "RATE_LIMITED",
      "SERVER_ERROR",
      "NETWORK",
      "TIMEOUT",
      "BAD_RESPONSE",
      "REJECTED",
      "CLOSED",
      "UNSUPPORTED",
      "INTERNAL",
      "AMBIGUOUS_PARTICIPANT",
    ];
    const statusAfter = (lang, end) =>
      run(
        async ({ lang, end }) => {
          const participants = async () => [{ id: "p", kind: "connected", state: "connected", name: "Grace" }];
          const disconnectIfConnected = async () => {
            if (end.code) throw Object.assign(new Error("for developers"), end);
            return end;
          };
          await lab.mount({ client: { participants, disconnectIfConnected }, lang, confirmMode: "never" });
          lab.part("button", "Grace").click();
          await lab.until(() => lab.events.length === 2);
          return lab.status();
        },
        { lang, end },
      );
    for (const [result, english, german] of states) {
      assert.ok((await statusAfter("en", result)).includes(english), await statusAfter("en", result));
      assert.ok((await statusAfter("de-AT", result)).includes(german), await statusAfter("de-AT", result));
    }
    const seen = new Set();
    for (const code of codes) {
      const [english, german] = [await statusAfter("en", { code }), await statusAfter("de", { code })];
      assert.ok(english.length > 20 && german.length > 20 && english !== german, `${code}: ${english} ${german}`);
      assert.doesNotMatch(english + german, /[{}]|for developers|undefined/);
      seen.add(english);
    }
    assert.ok(seen.size >= 13, [...seen].join("\n"));
    assert.match(
      await statusAfter("en", { code: "NETWORK", mayHaveDisconnected: true }),
      /may have been removed all the same/,
    );
    assert.match(await statusAfter("en", { code: "RATE_LIMITED", retryAfterMs: 12_345 }), /in 13 s/);
  });

  test("languages: of the nearest element, replaceable texts, another language", async () => {
    await run(() => lab.mount());
    const texts = await run(async () => {
      const texts = [];
      const read = () => texts.push([lab.part("button", "Grace Hopper").textContent, lab.rows()[1]].join(" · "));
      document.documentElement.lang = "de-CH";
      await lab.mount();
      read();
      lab.element.lang = "en";
      read();
      lab.element.messages = { remove: "Drop", "state.connected": "on the line" };
      read();
      const { RemoveCallerElement } = await import("/pkg/element/element.js");
      RemoveCallerElement.languages.fr = { remove: "Retirer" };
      lab.element.messages = undefined;
      lab.element.lang = "fr";
      read();
      document.documentElement.lang = "en";
      return texts;
    });
    assert.deepEqual(texts, [
      "Entfernen · Grace Hopper | Kunde | verbunden | on",
      "Remove · Grace Hopper | Customer | connected | on",
      "Drop · Grace Hopper | Customer | on the line | on",
      "Retirer · Grace Hopper | Customer | connected | on",
    ]);
    const both = await run(async () => {
      const { languages } = customElements.get("remove-caller");
      return [Object.keys(languages.en).sort().join(), Object.keys(languages.de).sort().join()];
    });
    assert.equal(both[0], both[1], "both languages have the same texts");
  });

  test("right to left: mirrored, and names are isolated", async () => {
    await run(() => lab.mount());
    const { question, button, name } = await run(async () => {
      document.documentElement.dir = "rtl";
      await lab.mount();
      lab.part("button", "Grace Hopper").click();
      const middle = (part) => {
        const { left, right } = lab.part(part, "Grace Hopper").getBoundingClientRect();
        return (left + right) / 2;
      };
      return {
        question: lab.part("asked", "Grace Hopper").textContent,
        button: middle("button"),
        name: middle("name"),
      };
    });
    await run(() => {
      document.documentElement.dir = "ltr";
    });
    assert.equal(question, "Remove \u2068Grace Hopper\u2069 from the call?");
    assert.ok(button < name, "the button is at the left");
  });

  test("two elements for one call never send twice: one client, two clients, two frames", async () => {
    for (const clients of ["one", "two"]) {
      const ends = await run(async (clients) => {
        await lab.mount({ platform: { readLagMs: 200, effectDelayMs: 50 } });
        const client = clients === "one" ? lab.client : new lab.ConversationClient(lab.options);
        const second = lab.add({ client });
        await lab.until(() => lab.part("participant", undefined, second));
        lab.remove("Grace Hopper");
        lab.remove("Grace Hopper", second);
        await lab.until(() => lab.events.length === 4);
        return { events: lab.events.sort(), writes: lab.writes(), rows: [lab.rows()[1], lab.rows(second)[1]] };
      }, clients);
      assert.deepEqual(ends, {
        events: ["before p-grace", "before p-grace", "outcome p-grace disconnected", "outcome p-grace disconnected"],
        writes: 1,
        rows: ["Grace Hopper | Customer | gone | off", "Grace Hopper | Customer | gone | off"],
      });
    }
    const frames = await run(async () => {
      await lab.mount({ platform: { readLagMs: 200, effectDelayMs: 50 } });
      const place = document.querySelector("#place");
      const own = lab;
      const frame = Object.assign(document.createElement("iframe"), {
        src: "/tests/element/page.html",
        title: "frame",
      });
      place.append(frame);
      await own.until(() => frame.contentWindow?.ready);
      const { lab: other } = frame.contentWindow;
      await frame.contentWindow.ready;
      await other.simulate();
      other.simulator = own.simulator;
      other.element = other.add({ client: other.client });
      await own.until(() => other.part("participant"));
      // A third element, without a click.
      const idle = other.add({ client: other.client });
      await own.until(() => other.part("participant", undefined, idle));
      own.remove("Grace Hopper");
      other.remove("Grace Hopper");
      await own.until(() => own.events.length === 2 && other.events.length === 2);
      await own.until(() => other.rows(idle)[1].includes("gone"));
      return {
        events: [...own.events, ...other.events].sort(),
        writes: own.writes(),
        waited: [...own.statuses, ...other.statuses].includes(
          "Grace Hopper is already being removed, waiting for that …",
        ),
      };
    });
    assert.equal(frames.writes, 1);
    assert.equal(frames.waited, true);
    assert.equal(frames.events.filter((event) => /outcome p-grace (already-)?disconnected/.test(event)).length, 2);
  });

  test("an unmount in the middle of a removal ends it; moved or inserted again, it goes on", async () => {
    const ended = await run(async () => {
      await lab.mount({ platform: { faults: [{ on: "read", skip: 1, hang: "before" }] } });
      const { element } = lab;
      lab.remove("Grace Hopper");
      await lab.until(() => lab.simulator.log().length === 2);
      element.remove();
      await lab.until(() => lab.events.length === 2);
      const requests = lab.simulator.log().length;
      await new Promise((resolve) => setTimeout(resolve, 50));
      const later = lab.simulator.log().length;
      document.querySelector("#place").append(element);
      await lab.until(() => lab.rows().length === 3 && lab.simulator.log().length > later);
      lab.remove("Grace Hopper");
      await lab.until(() => lab.events.length === 4);
      return { events: lab.events, requests, later };
    });
    assert.deepEqual(ended, {
      events: ["before p-grace", "error p-grace AbortError", "before p-grace", "outcome p-grace disconnected"],
      requests: 2,
      later: 2,
    });
    const moved = await run(async () => {
      await lab.mount({ platform: { effectDelayMs: 50 } });
      lab.remove("Grace Hopper");
      const place = document.querySelector("#place");
      const other = document.createElement("section");
      place.append(other);
      other.append(lab.element);
      other.moveBefore?.(lab.element, null);
      await lab.until(() => lab.events.length === 2);
      return lab.events.at(-1);
    });
    assert.equal(moved, "outcome p-grace disconnected");
  });

  test("another conversation ends the removal under way, and shows the other one", async () => {
    const shown = await run(async () => {
      await lab.mount({
        platform: {
          conversations: [
            { id: "c", participants: lab.people },
            { id: "c-2", participants: [{ id: "p-9", name: "Linus", schedule: lab.connected }] },
          ],
          faults: [{ on: "read", skip: 1, hang: "before" }],
        },
      });
      lab.remove("Grace Hopper");
      await lab.until(() => lab.simulator.log().length === 2);
      lab.element.setAttribute("conversation-id", "c-2");
      await lab.until(() => lab.rows()[0]?.startsWith("Linus"));
      const shown = [lab.rows(), lab.events.at(-1), lab.status(), lab.element.conversationId];
      lab.element.conversationId = "";
      return [...shown, lab.rows(), lab.element.hasAttribute("conversation-id")];
    });
    assert.deepEqual(shown, [["Linus | Customer | connected | on"], "error p-grace AbortError", "", "c-2", [], false]);
  });

  test("live: an event shows at once, before a lagging read does; a read by polling; refresh()", async () => {
    const rows = await run(async () => {
      const rows = [];
      const [participant] = lab.people.filter(({ id }) => id === "p-grace");
      await lab.mount({
        participants: [{ ...participant, schedule: [{ at: -1e6, state: "alerting" }] }],
        platform: { readLagMs: 60_000 },
      });
      rows.push(lab.rows()[0]);
      lab.simulator.setState("c", "p-grace", "connected");
      lab.client.observe(lab.simulator.notification("c"));
      await lab.until(() => lab.rows()[0].includes("connected"));
      lab.simulator.setState("c", "p-grace", "disconnected");
      lab.client.observe(lab.simulator.notification("c"));
      await lab.until(() => lab.rows()[0].includes("gone"));
      // Changes are read by polling, without events.
      await lab.mount({ pollMs: 20 });
      lab.simulator.setState("c", "p-ext", "connected");
      await lab.until(() => lab.rows()[2].includes("connected"));
      lab.element.pollMs = 0;
      lab.simulator.setState("c", "p-ext", "terminated");
      await lab.element.refresh();
      rows.push(lab.rows()[2]);
      return rows;
    });
    assert.deepEqual(rows, ["Grace Hopper | Customer | ringing | off", "+13175550199 | External | gone | off"]);
  });

  test("a question closes when the participant leaves; the focus is not lost", async () => {
    const end = await run(async () => {
      await lab.mount();
      lab.part("button", "Grace Hopper").click();
      lab.simulator.setState("c", "p-grace", "disconnected");
      await lab.element.refresh();
      return [!lab.part("question", "Grace Hopper"), lab.status(), Boolean(lab.element.shadowRoot.activeElement)];
    });
    assert.deepEqual(end, [true, "Grace Hopper had already left.", true]);
    const dropped = await run(async () => {
      await lab.mount();
      lab.part("button", "Grace Hopper").focus();
      lab.simulator.setState("c", "p-grace", undefined);
      await lab.element.refresh();
      const first = lab.rows()[1];
      // Early reads may lag: a participant that is missing for longer is gone.
      await lab.element.refresh();
      await lab.element.refresh();
      if (lab.rows()[1] !== first) throw new Error("shown as gone too early");
      await lab.until(() => lab.rows()[1] !== first);
      await new Promise(requestAnimationFrame);
      return [first, lab.rows()[1], lab.element.shadowRoot.activeElement.getAttribute("part")];
    });
    assert.deepEqual(dropped, [
      "Grace Hopper | Customer | connected | on",
      "Grace Hopper | Customer | gone | off",
      "button",
    ]);
  });

  test("a read that fails is shown, an event once, and goes away with the next that works", async () => {
    const seen = await run(async () => {
      const seen = [];
      await lab.mount({ platform: { faults: [{ status: 403, times: 2 }] } });
      seen.push(lab.status(), ...lab.events);
      await lab.element.refresh();
      seen.push(lab.events.length);
      await lab.element.refresh();
      seen.push(lab.status(), lab.rows().length);
      // A 404 means that the conversation is over; the next read shows that it is not.
      lab.simulator.addFault({ status: 404 });
      await lab.element.refresh();
      seen.push(lab.status(), lab.rows()[0]);
      await lab.element.refresh();
      seen.push(lab.status(), lab.rows()[0]);
      return seen;
    });
    assert.deepEqual(seen, [
      "The participants could not be read. " +
        "You are not allowed to do this. Ask your administrator for the permission.",
      "error FORBIDDEN",
      1,
      "",
      3,
      "The call is over.",
      "Ada Lovelace | Agent | gone | off",
      "",
      "Ada Lovelace | Agent | connected | on",
    ]);
  });

  test("a slow network: the status shows the loading, and the button stays busy", async () => {
    const seen = await run(async () => {
      await lab.simulate({
        platform: { faults: [{ delayMs: 300 }, { delayMs: 300 }, { on: "write", delayMs: 300 }] },
      });
      document.querySelector("#place").replaceChildren();
      Object.assign(lab, { statuses: [], events: [] });
      lab.element = lab.add({ client: lab.client });
      await lab.until(() => lab.status());
      const first = lab.status();
      await lab.until(() => lab.part("participant"));
      lab.remove("Grace Hopper");
      const busy = lab.part("button", "Grace Hopper").getAttribute("aria-busy");
      // A click on a busy button does nothing.
      lab.part("button", "Grace Hopper").click();
      await lab.until(() => lab.events.length === 2);
      return [first, busy, lab.writes(), lab.events.at(-1)];
    });
    assert.deepEqual(seen, ["Reading who is on the call …", "true", 1, "outcome p-grace disconnected"]);
  });

  test("properties: set before the definition, options of its own, a client that stays open", async () => {
    const seen = await run(async () => {
      await lab.simulate();
      const frame = document.createElement("iframe");
      frame.src = "/tests/element/page.css";
      const early = document.createElement("remove-caller-early");
      Object.assign(early, { conversationId: "c", options: lab.options, pollMs: 0 });
      document.querySelector("#place").replaceChildren(early);
      const { RemoveCallerElement } = await import("/pkg/element/element.js");
      customElements.define("remove-caller-early", class extends RemoveCallerElement {});
      await lab.until(() => lab.part("participant", undefined, early));
      const upgraded = [early.getAttribute("conversation-id"), lab.rows(early).length];
      // The same options in another object, as frameworks pass them, do not restart it.
      const before = lab.simulator.log().length;
      early.options = { ...lab.options };
      early.where = undefined;
      await new Promise((resolve) => setTimeout(resolve, 20));
      upgraded.push(lab.simulator.log().length - before);
      early.remove();
      await import("/pkg/element/define.js?again");
      await lab.mount();
      lab.element.remove();
      await new Promise((resolve) => setTimeout(resolve));
      const open = (await lab.client.participants("c")).length;
      return [...upgraded, open, document.createElement("remove-caller") instanceof RemoveCallerElement];
    });
    assert.deepEqual(seen, ["c", 3, 0, 6, true]);
  });

  test("wrong options are reported, and nothing is thrown", async () => {
    const seen = await run(async () => {
      await lab.mount({ client: undefined, options: { accessToken: "t", region: "nowhere" } });
      const seen = [lab.status(), lab.events];
      // A proxy, as reactive frameworks create them, is no client: its private fields are missing.
      await lab.mount({ client: new Proxy(lab.client, {}) });
      return [...seen, lab.status()];
    });
    assert.match(seen[0], /^The participants could not be read\. .*INVALID_ARGUMENT/);
    assert.deepEqual(seen[1], ["error INVALID_ARGUMENT"]);
    assert.match(seen[2], /^The participants could not be read\. .*TypeError/);
  });

  test("a double click neither answers a question nor hits a button that has moved", async () => {
    await run(() => lab.mount({ confirmMode: "last" }));
    await run(() => lab.part("button", "Grace Hopper").click());
    const places = await run(() => {
      // The rows below move up when the question closes.
      const { x, y, width, height } = lab.part("cancel", "Grace Hopper").getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    });
    await page.mouse.click(places.x, places.y, { count: 2 });
    const button = await run(() => {
      const { x, y, width, height } = lab.part("button", "Grace Hopper").getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    });
    await page.mouse.click(button.x, button.y, { count: 2 });
    const seen = await run(() => [Boolean(lab.part("confirm", "Grace Hopper")), lab.events.length, lab.writes()]);
    assert.deepEqual(seen, [true, 0, 0]);
  });

  test("of two removals at a time, the progress of one does not hide the outcome of the other", async () => {
    const seen = await run(async () => {
      const people = lab.people.filter(({ id }) => ["p-ada", "p-grace"].includes(id));
      people[1] = { ...people[1], schedule: [{ at: lab.ALWAYS, state: "connected", changing: true }] };
      await lab.mount({ participants: people, confirmMode: "never" });
      lab.part("button", "Grace Hopper").click();
      await lab.until(() => lab.status().includes("still changing"));
      lab.part("button", "Ada Lovelace").click();
      await lab.until(() => lab.events.length === 4);
      return [lab.statuses, lab.status()];
    });
    const both = "Ada Lovelace was removed. The platform is still changing the call of Grace Hopper, trying again …";
    assert.ok(seen[0].includes(both), seen[0].join("\n"));
    assert.match(seen[1], /^Grace Hopper was not removed/);
  });

  test("confirm-mode last does not count participants that are being removed", async () => {
    const asked = await run(async () => {
      const [grace] = lab.people.filter(({ id }) => id === "p-grace");
      const participants = [grace, { ...grace, id: "p-joan", name: "Joan" }];
      await lab.mount({ confirmMode: "last", participants, platform: { faults: [{ on: "write", delayMs: 200 }] } });
      lab.part("button", "Grace Hopper").click();
      lab.part("button", "Joan").click();
      const asked = Boolean(lab.part("confirm", "Joan"));
      await lab.until(() => lab.events.length === 2);
      return asked;
    });
    assert.equal(asked, true);
  });

  test("an unmount after the disconnect was sent: another element waits, and sends no second one", async () => {
    const seen = await run(async () => {
      await lab.mount({ platform: { readLagMs: 500, effectDelayMs: 50 } });
      const first = lab.element;
      const second = lab.add({ client: new lab.ConversationClient(lab.options) });
      await lab.until(() => lab.part("participant", undefined, second));
      lab.remove("Grace Hopper", first);
      await lab.until(() => lab.writes() === 1);
      lab.remove("Grace Hopper", second);
      first.remove();
      await lab.until(() => lab.events.length === 4);
      return [lab.writes(), lab.events.at(-1)];
    });
    assert.deepEqual(seen, [1, "outcome p-grace already-disconnected"]);
  });

  test("new options objects with the same values interrupt nothing; the latest functions are called", async () => {
    const seen = await run(async () => {
      const asked = [];
      await lab.simulate({ platform: { readLagMs: 100, effectDelayMs: 50 } });
      const options = (name) => ({ ...lab.options, onEvent: ({ type }) => asked.push(`${name} ${type}`) });
      document.querySelector("#place").replaceChildren();
      Object.assign(lab, { statuses: [], events: [] });
      lab.element = lab.add({ options: options("first") });
      await lab.until(() => lab.part("participant"));
      lab.element.addEventListener("remove-caller-before", () => {
        lab.element.options = options("second");
      });
      lab.remove("Grace Hopper");
      await lab.until(() => lab.events.length === 2);
      return [lab.events.at(-1), asked[0], asked.includes("second outcome"), asked.includes("first outcome")];
    });
    assert.deepEqual(seen, ["outcome p-grace disconnected", "first request", true, false]);
  });

  test("the focus and a question stay when others come and go", async () => {
    const seen = await run(async () => {
      await lab.mount();
      lab.part("button", "Grace Hopper").click();
      const focused = lab.element.shadowRoot.activeElement;
      lab.simulator.setState("c", "p-ada", "disconnected");
      lab.simulator.setState("c", "p-acd", undefined);
      await lab.element.refresh();
      await new Promise(requestAnimationFrame);
      const stays = [focused === lab.element.shadowRoot.activeElement, focused.getAttribute("part")];
      lab.simulator.setState("c", "p-grace", "disconnected");
      await lab.element.refresh();
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
      return [...stays, document.activeElement === lab.element];
    });
    assert.deepEqual(seen, [true, "confirm", true]);
  });

  test("Escape, wherever in the element it is pressed", async () => {
    const seen = await run(async () => {
      await lab.mount();
      const press = () => new KeyboardEvent("keydown", { key: "Escape", bubbles: true });
      const open = [];
      for (const target of [() => lab.part("confirm"), () => lab.part("button", "Ada Lovelace"), () => lab.element]) {
        lab.part("button", "Grace Hopper").click();
        open.push(Boolean(lab.part("confirm")));
        target().dispatchEvent(press());
        open.push(Boolean(lab.part("confirm")));
      }
      return open;
    });
    assert.deepEqual(seen, [true, false, true, false, true, false]);
  });

  test("Escape closes the question, not the dialog around it", async () => {
    await run(async () => {
      const dialog = document.createElement("dialog");
      await lab.mount();
      lab.element.replaceWith(dialog);
      dialog.append(lab.element);
      dialog.showModal();
      await lab.until(() => lab.rows().length === 3);
      lab.part("button", "Grace Hopper").click();
    });
    await page.keyboard.press("Escape");
    const seen = await run(() => [Boolean(lab.part("confirm")), document.querySelector("dialog").open]);
    assert.deepEqual(seen, [false, true]);
  });

  test("the reason of a refusal stays when the next read fails", async () => {
    const seen = await run(async () => {
      await lab.mount();
      lab.simulator.addFault({ on: "write", status: 403 });
      lab.simulator.addFault({ on: "read", skip: 1, status: 500, times: 99 });
      const { statuses } = await lab.removal("Grace Hopper");
      lab.element.refresh();
      await lab.until(() => lab.events.length >= 3);
      return [statuses.at(-1), lab.status() === statuses.at(-1), lab.events.at(-1)];
    });
    assert.match(seen[0], /^You are not allowed to do this\./);
    assert.deepEqual(seen.slice(1), [true, "error SERVER_ERROR"]);
  });

  test("without a client or a conversation it shows nothing, and a click does nothing", async () => {
    const seen = await run(async () => {
      await lab.mount();
      const button = lab.part("button");
      lab.element.client = undefined;
      const rows = lab.rows().length;
      button.click();
      lab.element.client = lab.client;
      await lab.until(() => lab.rows().length === 3);
      return [rows, lab.events.length, lab.status()];
    });
    assert.deepEqual(seen, [0, 0, ""]);
  });

  test("a participant who joins is shown after an event, also if the first read lags", async () => {
    const rows = await run(async () => {
      const [grace] = lab.people.filter(({ id }) => id === "p-grace");
      const late = { ...grace, id: "p-late", name: "Late", schedule: [] };
      await lab.mount({ participants: [grace, late], platform: { readLagMs: 400 } });
      lab.simulator.setState("c", "p-late", "connected");
      lab.client.observe(lab.simulator.notification("c"));
      await lab.until(() => lab.rows().length === 2);
      return lab.rows();
    });
    assert.equal(rows[1], "Late | Customer | connected | on");
  });

  test("language tags in capitals, messages that are not texts, foreign messages on the channel", async () => {
    const seen = await run(async () => {
      const { RemoveCallerElement } = await import("/pkg/element/element.js");
      RemoveCallerElement.languages["pt-BR"] = { remove: "Remover" };
      await lab.mount({ lang: "pt-BR", messages: { cancel: undefined, question: 5, state: () => {} } });
      const channel = new BroadcastChannel("remove-caller");
      for (const message of [null, "x", { key: "c p-grace" }, { key: 1, result: 2 }]) channel.postMessage(message);
      lab.part("button", "Grace Hopper").click();
      const texts = ["button", "cancel", "asked"].map((part) => lab.part(part, "Grace Hopper").textContent);
      await new Promise((resolve) => setTimeout(resolve, 50));
      channel.close();
      return [...texts, lab.part("list").lang, lab.rows().length];
    });
    assert.deepEqual(seen, ["Remover", "Cancel", "Remove Grace Hopper from the call?", "pt-BR", 3]);
  });

  test("a participant shown as gone because it was missing comes back when it is listed", async () => {
    const seen = await run(async () => {
      const people = [
        { id: "1", kind: "connected", state: "connected", name: "Ada" },
        { id: "2", kind: "connected", state: "connected", name: "Bo" },
      ];
      let listed = people;
      const client = { participants: async () => listed, disconnectIfConnected: async () => ({}) };
      await lab.mount({ client });
      listed = people.slice(0, 1);
      await lab.element.refresh();
      await lab.until(() => lab.rows()[1].includes("gone"));
      listed = people;
      await lab.element.refresh();
      const back = lab.rows()[1];
      // A 404 after a removal, then the conversation is listed again.
      await lab.mount();
      await lab.removal("Grace Hopper");
      await lab.element.refresh();
      lab.simulator.addFault({ on: "read", status: 404 });
      await lab.element.refresh();
      const over = lab.rows()[0];
      await lab.element.refresh();
      return [back, over, lab.rows()[0], lab.rows()[1]];
    });
    assert.deepEqual(seen, [
      "Bo |  | connected | on",
      "Ada Lovelace | Agent | gone | off",
      "Ada Lovelace | Agent | connected | on",
      "Grace Hopper | Customer | gone | off",
    ]);
  });

  test("options with the browser's own fetch, and with a dialect in a new object", async () => {
    const seen = await run(async () => {
      await lab.simulate();
      document.querySelector("#place").replaceChildren();
      Object.assign(lab, { statuses: [], events: [] });
      const own = { accessToken: "a-secret-token", baseUrl: location.origin, api: "calls", fetch: window.fetch };
      lab.element = lab.add({ options: own });
      // This server is no platform: its 404 shows that fetch was called correctly.
      await lab.until(() => lab.events.length === 1);
      const [answered] = lab.events;
      const api = () => ({
        read: { path: "/api/v2/conversations/calls/{conversationId}", participants: "participants" },
        write: {
          method: "PATCH",
          path: "/api/v2/conversations/calls/{conversationId}/participants/{participantId}",
          body: { state: "disconnected" },
        },
      });
      Object.assign(lab, { statuses: [], events: [] });
      lab.element.options = { ...lab.options, api: api() };
      await lab.until(() => lab.part("participant"));
      lab.remove("Grace Hopper");
      lab.element.options = { ...lab.options, api: api() };
      await lab.until(() => lab.events.length === 2);
      return [answered, lab.events.at(-1)];
    });
    assert.deepEqual(seen, ["error CONVERSATION_NOT_FOUND", "outcome p-grace disconnected"]);
    // The console shows the server's 404.
    const expected = problems.findIndex((problem) => problem.includes("404"));
    if (expected >= 0) problems.splice(expected, 1);
  });

  test("without polling, an event causes a read also after a failed read", async () => {
    const seen = await run(async () => {
      await lab.mount();
      lab.simulator.addFault({ status: 403 });
      await lab.element.refresh();
      const failed = lab.status();
      lab.client.observe(lab.simulator.notification("c"));
      await lab.until(() => lab.status() === "");
      return failed;
    });
    assert.match(seen, /^The participants could not be read/);
  });

  test("one question is open at a time, and its answer removes only its participant", async () => {
    const seen = await run(async () => {
      await lab.mount();
      const before = Boolean(lab.part("confirm"));
      lab.part("button", "Grace Hopper").click();
      const { length } = lab.element.shadowRoot.querySelectorAll("[part=confirm]");
      lab.part("confirm").click();
      await lab.until(() => lab.events.length === 2);
      return [before, length, lab.events, Boolean(lab.part("confirm"))];
    });
    assert.deepEqual(seen, [false, 1, ["before p-grace", "outcome p-grace disconnected"], false]);
  });

  test("a listener of remove-caller-before that shows another conversation removes nobody", async () => {
    const seen = await run(async () => {
      await lab.mount({
        platform: {
          conversations: [
            { id: "c", participants: lab.people },
            { id: "c-2", participants: [{ id: "p-grace", name: "Linus", schedule: lab.connected }] },
          ],
        },
      });
      const showOther = () => Object.assign(lab.element, { conversationId: "c-2" });
      lab.element.addEventListener("remove-caller-before", showOther, { once: true });
      lab.remove("Grace Hopper");
      await lab.until(() => lab.rows()[0]?.startsWith("Linus"));
      return [lab.rows(), lab.events, lab.writes()];
    });
    assert.deepEqual(seen, [["Linus | Customer | connected | on"], ["before p-grace"], 0]);
  });

  test("while it is being removed, a participant shows the states that the removal reads", async () => {
    const kinds = await run(async () => {
      const [grace] = lab.people.filter(({ id }) => id === "p-grace");
      await lab.mount({ participants: [grace] });
      lab.simulator.setState("c", "p-grace", "queued");
      const kinds = [];
      const row = lab.part("participant");
      new MutationObserver(() => kinds.push(row.dataset.kind)).observe(row, { attributeFilter: ["data-kind"] });
      lab.remove("Grace Hopper");
      await lab.until(() => lab.status().includes("in the queue"));
      await lab.until(() => lab.events.length === 2);
      return [...kinds, lab.status(), lab.events.at(-1)];
    });
    assert.deepEqual(kinds, [
      "unsettled",
      "Grace Hopper is still in the queue. Nothing was changed.",
      "outcome p-grace not-connected",
    ]);
  });

  test("a removal asks to confirm, and goes before the reads of other elements", async () => {
    const asked = await run(async () => {
      const participants = async () => [{ id: "p", kind: "connected", state: "connected", name: "Grace" }];
      let asked;
      const disconnectIfConnected = async ({ conversationId, participantId, confirm, priority }) => {
        asked = { conversationId, participantId, confirm, priority };
        return { outcome: "disconnected", acknowledged: true, confirmed: true };
      };
      await lab.mount({ client: { participants, disconnectIfConnected } });
      lab.remove("Grace");
      await lab.until(() => lab.events.length === 2);
      return asked;
    });
    assert.deepEqual(asked, { conversationId: "c", participantId: "p", confirm: true, priority: true });
  });

  test("unusual participants: names of JavaScript and of texts, markup, nothing at all", async () => {
    const rows = await run(async () => {
      const participants = async () => [
        { id: "1", kind: "connected", state: "constructor", purpose: "constructor", name: "  " },
        { id: "2", kind: "connected", state: "__proto__", purpose: "remove", name: "<b>Bo</b>" },
        { id: "3", kind: "unsettled" },
        { id: "4", kind: "connected", state: "CONNECTED", purpose: "CUSTOMER", address: "sip:bo@example.org;x=1" },
      ];
      await lab.mount({ client: { participants, disconnectIfConnected: async () => ({}) }, lang: "constructor" });
      return lab.rows();
    });
    assert.deepEqual(rows, [
      "constructor |  | constructor | on",
      "<b>Bo</b> | remove | __proto__ | on",
      "Participant |  | without a state | off",
      "bo | Customer | connected | on",
    ]);
  });

  test("a stream of events: a read for each burst, and none is delayed for ever", async () => {
    const seen = await run(async () => {
      await lab.mount();
      const before = lab.simulator.log().length;
      for (let index = 0; index < 20; index++) lab.client.observe(lab.simulator.notification("c"));
      await lab.until(() => lab.simulator.log().length > before);
      await lab.element.refresh();
      const burst = lab.simulator.log().length - before;
      const stream = setInterval(() => lab.client.observe(lab.simulator.notification("c")), 20);
      await lab.until(() => lab.simulator.log().length - before >= burst + 2);
      clearInterval(stream);
      return burst;
    });
    assert.ok(seen <= 3, `${seen} reads`);
  });

  test("poll-ms: not a number means the default, infinity does not poll at once", async () => {
    const seen = await run(async () => {
      await lab.mount({ pollMs: Number.POSITIVE_INFINITY });
      const before = lab.simulator.log().length;
      await new Promise((resolve) => setTimeout(resolve, 50));
      const polls = lab.simulator.log().length - before;
      const values = ["", "x", "-1", "250"].map((text) => {
        lab.element.setAttribute("poll-ms", text);
        return lab.element.pollMs;
      });
      lab.element.pollMs = undefined;
      return [polls, ...values, lab.element.pollMs, lab.element.hasAttribute("poll-ms")];
    });
    assert.deepEqual(seen, [0, 0, 5000, 5000, 250, 5000, false]);
  });

  test("moved to another document, it keeps its style", async () => {
    const display = await run(async () => {
      await lab.mount();
      const frame = Object.assign(document.createElement("iframe"), {
        src: "/tests/element/page.css",
        title: "other",
      });
      const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
      document.querySelector("#place").append(frame);
      await loaded;
      frame.contentDocument.body.append(lab.element);
      await lab.until(() => lab.rows().length === 3);
      return frame.contentWindow.getComputedStyle(lab.part("participant")).display;
    });
    assert.equal(display, "flex");
  });

  test("axe finds no violation in any state; nothing overflows at 280 px, nor at twice the text size", async () => {
    const [grace] = await run(() => lab.people.filter(({ id }) => id === "p-grace"));
    const changing = { ...grace, schedule: [{ at: -1e6, state: "connected", changing: true }] };
    const long = { ...grace, id: "p-long", name: "Wolfeschlegelsteinhausenbergerdorff the Elder, of Nowhere" };
    const states = {
      list: () => run((long) => lab.mount({ participants: [...lab.people, long] }), long),
      asking: () => run(() => lab.part("button", "Grace Hopper").click()),
      removing: () =>
        run(async (changing) => {
          await lab.mount({ participants: [changing], confirmMode: "never" });
          lab.part("button", "Grace Hopper").click();
          await lab.until(() => lab.status().includes("still changing"));
        }, changing),
      refused: () => run(() => lab.until(() => lab.events.length === 2)),
      gone: () =>
        run(async () => {
          await lab.mount();
          await lab.removal("Grace Hopper");
        }),
      unreadable: () => run(() => lab.mount({ platform: { faults: [{ status: 401, times: 2 }] } })),
      empty: () =>
        run(async () => {
          await lab.mount({ participants: [] });
        }),
    };
    const found = [];
    let rules = 0;
    for (const [state, enter] of Object.entries(states)) {
      await enter();
      for (const [view, width, size] of [
        ["wide", 800, ""],
        ["narrow", 280, ""],
        ["zoomed", 560, "200%"],
      ]) {
        await page.setViewport({ width, height: 700 });
        if (browser.kind === "chrome") {
          const value = view === "narrow" ? "dark" : "light";
          await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
        }
        await run((size) => document.documentElement.style.setProperty("font-size", size), size);
        const { problems, passed } = await audit(page);
        rules += passed;
        for (const problem of problems) found.push(`${state}, ${view}: ${problem}`);
      }
    }
    await page.setViewport({ width: 800, height: 700 });
    await run(() => document.documentElement.style.removeProperty("font-size"));
    assert.deepEqual(found, []);
    console.log(
      `axe, ${browser.name}: ${Object.keys(states).length} states in 3 widths, ${rules} rules passed, 0 violations`,
    );
  });

  test("no error in the console, under a strict policy with Trusted Types", () => {
    assert.deepEqual(problems, []);
  });
});
