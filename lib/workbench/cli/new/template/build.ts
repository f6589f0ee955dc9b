/** Compiles programs into self-contained executables in dist/: `bun build.ts [NAME...]`. */
const [, , ...names] = process.argv;
const PROGRAMS = ["echo"];

for (const name of names.length > 0 ? names : PROGRAMS) {
  await Bun.build({
    entrypoints: [`${import.meta.dir}/${name}.ts`],
    minify: true,
    bytecode: true,
    sourcemap: "linked",
    format: "esm",
    compile: { outfile: `${import.meta.dir}/dist/${name}` },
  });
  console.log(`dist/${name}`);
}

export {};
