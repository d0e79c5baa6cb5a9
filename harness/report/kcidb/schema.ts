/**
 * KCIDB's I/O format 5.3, as strict as the database itself: nothing but known properties, and ids that begin with the
 * origin that they belong to, which the server does not check.
 */
import { z } from 'zod';

const noNul = z.string().regex(/^[^\0]*$/);
const origin = z.string().regex(/^[a-z0-9_]+$/, 'an origin is made of a-z, 0-9 and _');
const id = z.string().regex(/^[a-z0-9_]+:[^\0]*$/, 'an id begins with its origin and a colon');
const time = z.iso.datetime({ offset: true });
const url = z.url();
const misc = z.record(z.string(), z.unknown()).optional();
const excerpt = noNul.max(16_384).optional();
const resources = z.array(z.strictObject({ name: z.string().regex(/^[^/\0]+$/), url })).optional();

export const Status = z.enum(['FAIL', 'ERROR', 'MISS', 'PASS', 'DONE', 'SKIP']);

const Checkout = z.strictObject({
  id,
  origin,
  tree_name: noNul.optional(),
  git_repository_url: url.regex(/^https:\/\/[^\0]*$/).optional(),
  git_commit_hash: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .optional(),
  git_commit_name: noNul.optional(),
  git_commit_tags: z.array(noNul).optional(),
  git_commit_message: noNul.optional(),
  git_repository_branch: noNul.optional(),
  git_repository_branch_tip: z.boolean().optional(),
  patchset_files: resources,
  patchset_hash: z
    .string()
    .regex(/^$|^[0-9a-f]{64}$/)
    .optional(),
  message_id: z.email().optional(),
  comment: noNul.optional(),
  start_time: time.optional(),
  origin_builds_finish_time: time.optional(),
  origin_tests_finish_time: time.optional(),
  log_url: url.optional(),
  log_excerpt: excerpt,
  valid: z.boolean().optional(),
  misc,
});

const Build = z.strictObject({
  id,
  origin,
  checkout_id: id,
  comment: noNul.optional(),
  start_time: time.optional(),
  duration: z.number().optional(),
  architecture: z
    .string()
    .regex(/^[a-z0-9_]*$/)
    .optional(),
  command: noNul.optional(),
  compiler: noNul.optional(),
  input_files: resources,
  output_files: resources,
  config_name: noNul.optional(),
  config_url: url.optional(),
  log_url: url.optional(),
  log_excerpt: excerpt,
  status: Status.optional(),
  misc,
});

const Test = z.strictObject({
  id,
  origin,
  build_id: id,
  environment: z
    .strictObject({
      compatible: z.array(z.string().regex(/^[^ \0]+(,[^ \0]+)*$/)).optional(),
      comment: noNul.optional(),
      misc,
    })
    .optional(),
  path: z
    .string()
    .regex(/^([a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*)?$/)
    .optional(),
  comment: noNul.optional(),
  log_url: url.optional(),
  log_excerpt: excerpt,
  status: Status.optional(),
  number: z
    .strictObject({ value: z.number(), unit: noNul.optional(), prefix: z.enum(['metric', 'binary']).optional() })
    .optional(),
  start_time: time.optional(),
  duration: z.number().optional(),
  input_files: resources,
  output_files: resources,
  misc,
});

const Issue = z.strictObject({
  id,
  version: z.int().nonnegative(),
  origin,
  report_url: url.optional(),
  report_subject: noNul.optional(),
  culprit: z
    .strictObject({ code: z.boolean().optional(), tool: z.boolean().optional(), harness: z.boolean().optional() })
    .optional(),
  categories: z.array(noNul).optional(),
  comment: noNul.optional(),
  misc,
});

const Incident = z.strictObject({
  id,
  origin,
  issue_id: id,
  issue_version: z.int().nonnegative(),
  build_id: id.optional(),
  test_id: id.optional(),
  present: z.boolean().optional(),
  comment: noNul.optional(),
  misc,
});

const Shape = z.strictObject({
  version: z.strictObject({ major: z.literal(5), minor: z.int().min(0).max(3).optional() }),
  checkouts: z.array(Checkout).optional(),
  builds: z.array(Build).optional(),
  tests: z.array(Test).optional(),
  issues: z.array(Issue).optional(),
  incidents: z.array(Incident).optional(),
});

const ARRAYS = ['checkouts', 'builds', 'tests', 'issues', 'incidents'] as const;

export const Kcidb = Shape.superRefine((document, context) => {
  for (const name of ARRAYS) {
    const seen = new Set<string>();
    for (const [index, object] of (document[name] ?? []).entries()) {
      const path = [name, index, 'id'];
      if (!object.id.startsWith(`${object.origin}:`))
        context.addIssue({ code: 'custom', path, message: `the id does not begin with its origin "${object.origin}"` });
      const key = 'version' in object ? `${object.id} ${object.version}` : object.id;
      if (seen.has(key)) context.addIssue({ code: 'custom', path, message: `two ${name} have the id "${object.id}"` });
      seen.add(key);
    }
  }
});

export type Kcidb = z.infer<typeof Kcidb>;
export type KcidbStatus = z.infer<typeof Status>;
export type KcidbCheckout = z.infer<typeof Checkout>;
export type KcidbBuild = z.infer<typeof Build>;
export type KcidbTest = z.infer<typeof Test>;
export type KcidbIssue = z.infer<typeof Issue>;
export type KcidbIncident = z.infer<typeof Incident>;
