/** Compiles each program into a self-contained executable in dist/. */
const PROGRAMS = ["echo"];

for (const name of PROGRAMS) {
  await Bun.build({
    entrypoints: [`${import.meta.dir}/${name}.ts`],
    minify: true,
    bytecode: true,
    format: "esm",
    compile: { outfile: `${import.meta.dir}/dist/${name}` },
  });
  console.log(`dist/${name}`);
}

export {};
