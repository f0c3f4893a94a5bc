// The official MJML compiler, strict: `node strict.cjs FOLDER` reads {name: mjml} and writes
// {name: [faults]}. FOLDER holds node_modules.
const { readFileSync } = require('node:fs');
const mjml2html = require(require.resolve('mjml', { paths: [process.argv[2]] }));

async function faultsOf(source) {
  try {
    const { errors } = await mjml2html(source, { validationLevel: 'strict' });
    return errors.map((error) => error.formattedMessage);
  } catch (error) {
    return (error.errors ?? [error]).map((fault) => fault.formattedMessage ?? String(fault));
  }
}

async function main() {
  const found = {};
  for (const [name, source] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
    found[name] = await faultsOf(source);
  }
  process.stdout.write(JSON.stringify(found));
}

main();
