// Asks an engine for IAM policies that others have written. Reads `{"requests": [..]}` from the standard input and writes `{"answers": [..]}`,
// each "Allowed", "ExplicitlyDenied" or "ImplicitlyDenied", in the order of the requests.
import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'
import { readFileSync } from 'node:fs'

const { requests } = JSON.parse(readFileSync(0, 'utf8'))
const answers = []
for (const { principal, action, resource, account, context, policies, resourcePolicy } of requests) {
  const simulation = {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: policies,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: resourcePolicy ?? undefined
  }
  // This one finds what is wrong with policies, action and resource. But it lets an action see only the keys that its service lists, and those
  // of an identity pool are listed by STS alone. The other one shows an action all of them, and knows no policies of resources.
  const checked = await runSimulation(simulation, {})
  if (checked.resultType === 'error') {
    throw new Error(`${action} on ${resource}: ${JSON.stringify(checked.errors)}`)
  }
  answers.push(resourcePolicy ? checked.overallResult : runUnsafeSimulation(simulation, {}))
}
process.stdout.write(JSON.stringify({ answers }))
