const bptt = require("bptt");
const { smoke } = require("./smoke.js");

smoke(bptt).then((result) => console.log(`RESULT ${JSON.stringify(result)}`));
