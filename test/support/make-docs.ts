/** `npm run docs`: writes the generated pages of docs/. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { generatedDocs } from './generated-docs.ts';
import { projectRoot } from './paths.ts';

for (const [name, text] of generatedDocs()) writeFileSync(path.join(projectRoot, 'docs', name), text);
