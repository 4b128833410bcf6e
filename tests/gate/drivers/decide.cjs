// Prints as JSON how @cloud-copilot/iam-simulate decides each of a file's requests: FILE PACKAGE, the latter of its folder.
const { createRequire } = require("module");
const { readFileSync } = require("fs");

const [file, folder] = process.argv.slice(2);
const { runSimulation } = createRequire(`${folder}/package.json`)("@cloud-copilot/iam-simulate");

const named = (policies, what) => policies.map((policy, index) => ({ name: `${what}${index}`, policy }));

async function decide({ principal, action, resource, account, context, policies, boundary, resourcePolicy }) {
  const simulation = {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: named(policies, "policy"),
    permissionBoundaryPolicies: boundary ? named([boundary], "boundary") : undefined,
    resourcePolicy: resourcePolicy ?? undefined,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
  const result = await runSimulation(simulation, {});
  return result.resultType === "error" ? JSON.stringify(result.errors) : result.overallResult;
}

(async () => {
  const decisions = [];
  for (const request of JSON.parse(readFileSync(file, "utf8"))) decisions.push(await decide(request));
  console.log(JSON.stringify(decisions));
})();
