/**
 * Which folders may import which, checked by `npm run lint`; docs/architecture.md draws the picture.
 *
 * Imports of types count like any other.
 */

/**
 * The floors of the building, from the ground up: a name, and the rooms on it as regular expressions.
 * A file imports only from its own room and from lower floors, never from a room beside it.
 */
const FLOORS = [
  ["protocol", ["lib/protocol/"]],
  ["vortex", ["lib/vortex/"]],
  ["services", ["lib/services/", "lib/raft/"]],
  ["testing", ["lib/testing/"]],
  // Small files that anything in the workbench may use.
  ["tools", ["lib/workbench/(?!main\\.ts|index\\.ts)[^/]+\\.ts$"]],
  ["ground", ["lib/workbench/network/", "lib/workbench/history/", "lib/workbench/nats/"]],
  ["means", ["lib/workbench/clients/", "lib/workbench/clusters/", "lib/workbench/checkers/"]],
  ["parts", ["lib/workbench/workloads/", "lib/workbench/nemesis/", "lib/workbench/diagnostics/"]],
  // What is published of the workloads, and the published types of the simulation, whose index.ts is
  // an entry.
  ["workload", ["lib/workload/"]],
  ["simulation types", ["lib/simulation/api\\.ts$"]],
  ["one test", ["lib/workbench/run/"]],
  ["store", ["lib/workbench/store/", "lib/workbench/hosts/"]],
  [
    "many runs",
    [
      "lib/workbench/sweep/",
      "lib/workbench/search/",
      "lib/workbench/stages/",
      "lib/workbench/maelstrom/",
    ],
  ],
  // Many runs on many machines.
  ["fleet", ["lib/workbench/fleet/"]],
  ["report", ["lib/workbench/report/recorder/", "lib/workbench/report/terminal/"]],
  ["report pages", ["lib/workbench/report/html/", "lib/workbench/report/page/"]],
  ["report server", ["lib/workbench/report/server/", "lib/workbench/play/"]],
  ["cli", ["lib/workbench/cli/"]],
  ["entries", ["lib/workbench/(main|index)\\.ts$", "lib/simulation/index\\.ts$"]],
];

const at = (rooms) => rooms.map((room) => `^${room}`);

/** Each floor: nothing on it imports from a higher one. */
const floorRules = FLOORS.map(([name, rooms], index) => ({
  name: `no-import-above-${name.replaceAll(" ", "-")}`,
  comment: "A part is understood, tested and changed without what is built on it.",
  severity: "error",
  from: { path: at(rooms) },
  to: { path: at(FLOORS.slice(index + 1).flatMap(([, higher]) => higher)) },
})).slice(0, -1);

/** Each room on a floor of several: it imports nothing from the rooms beside it. */
const besideRules = FLOORS.flatMap(([name, rooms]) =>
  rooms.map((room) => ({
    name: `no-import-beside-${name.replaceAll(" ", "-")}`,
    comment: "Rooms on one floor are independent: what two of them need belongs on a lower floor.",
    severity: "error",
    from: { path: `^${room}` },
    to: { path: at(rooms.filter((other) => other !== room)) },
  })),
).filter(({ to }) => to.path.length > 0);

module.exports = {
  forbidden: [
    {
      name: "no-circular",
      comment: "No file of a cycle can be understood or tested without the others.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-file-without-floor",
      comment: "A new folder needs a place in FLOORS, above; without one, no rule covers it.",
      severity: "error",
      from: { path: "^lib/", pathNot: at(FLOORS.flatMap(([, rooms]) => rooms)) },
      to: {},
    },
    ...floorRules,
    ...besideRules,
    {
      name: "library-needs-valibot-only",
      comment:
        "A challenge's binary contains valibot and no other package; so does an installed library.",
      severity: "error",
      from: { path: "^(lib/(protocol|vortex|services|raft|testing)|challenges)/" },
      to: { path: "node_modules/", pathNot: "node_modules/valibot/" },
    },
    {
      name: "library-needs-no-system-modules",
      comment:
        "A node is given its clock, network and randomness; modules of Bun's cost start-up time.",
      severity: "error",
      from: { path: "^(lib/(protocol|vortex|services|raft|testing)|challenges)/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "library-imports-no-program",
      comment: "An algorithm of one challenge belongs to that challenge.",
      severity: "error",
      from: { path: "^lib/" },
      to: { path: "^challenges/" },
    },
    {
      name: "simulation-types-are-self-contained",
      comment:
        "Published without the workbench, so they may name only what is published with them.",
      severity: "error",
      from: { path: "^lib/(simulation/api|workbench/history/history)\\.ts$" },
      to: {
        path: "^lib/",
        pathNot: "^lib/(vortex/index|workload/index|workbench/history/history)\\.ts$",
      },
    },
    {
      name: "challenges-import-the-library",
      comment: "A challenge is written as a user of the library writes one.",
      severity: "error",
      from: { path: "^challenges/" },
      to: { path: "^lib/", pathNot: "^lib/(vortex|raft)/index\\.ts$" },
    },
    {
      name: "challenges-import-no-program",
      comment: "Each challenge is read alone, from its own file and the folder of its name.",
      severity: "error",
      from: { path: "^challenges/" },
      to: { path: "^challenges/[^/]+\\.ts$" },
    },
    {
      name: "challenges-keep-to-their-folder",
      comment: "As above; both counters share challenges/counter.",
      severity: "error",
      from: { path: "^challenges/([^/.]+)" },
      to: { path: "^challenges/[^/]+/", pathNot: "^challenges/($1|counter)/" },
    },
    {
      name: "page-imports-the-recorder-only",
      comment: "The page runs in a browser, and reads what the recorder wrote.",
      severity: "error",
      from: { path: "^lib/workbench/report/page/" },
      to: { path: "^lib/", pathNot: "^lib/workbench/report/(page|recorder)/" },
    },
    {
      name: "page-needs-no-system-modules",
      comment: "The page runs in a browser.",
      severity: "error",
      from: { path: "^lib/workbench/report/(page|recorder)/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "playground-needs-no-system-modules",
      comment: "They run in a browser. Its bundle fails on what they import further down.",
      severity: "error",
      from: { path: "^lib/workbench/play/(engine|sandbox|page)/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "commander-only-in-cli",
      comment: "What a person types is parsed in one place; the rest takes options.",
      severity: "error",
      from: { path: "^(lib|challenges)/", pathNot: "^lib/workbench/(cli/|main\\.ts$)" },
      to: { path: "node_modules/commander/" },
    },
    {
      name: "build-imports-the-bundler-only",
      comment: "The build finds programs by their file names.",
      severity: "error",
      from: { path: "^build\\.ts$" },
      to: {
        path: "^(lib|challenges)/",
        pathNot: "^lib/workbench/(report/html/bundle-page|play/site/bundle-site)\\.ts$",
      },
    },
    {
      name: "no-tests-in-sources",
      comment: "What tests share stays in test/.",
      severity: "error",
      from: { path: "^(lib|challenges)/" },
      to: { path: "^test/" },
    },
    {
      name: "no-unresolved",
      comment: "An import that is not found is checked by no rule.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // TypeScript 7 has no compiler API yet. swc parses the sources as they are written, so that
    // imports of types are seen without the option that asks TypeScript for them.
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    // What `vortex new` copies: users' files, which import the installed package.
    exclude: { path: "^lib/workbench/cli/new/(workload-)?template/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "default"],
    },
  },
};
