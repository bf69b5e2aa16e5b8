// Random selections of fields that may or may not be null, and graphql-js as it resolves them.
import { getNamedType, isAbstractType, isLeafType, isListType, isNonNullType } from 'graphql';

const DEEPEST = 4;
const ENTRIES = 2;
const NUMBERS = { Thing: { a: 1, b: 2 }, Other: { a: 3, b: 4 } };

export class Selections {
  constructor(schema, random) {
    Object.assign(this, { schema, random, fragments: [] });
  }

  request() {
    const kind = this.random.pick(['query', 'query', 'mutation', 'subscription']);
    const root = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' }[kind];
    const names = kind === 'subscription' ? ['thing', 'sure'] : ['thing', 'sure', 'things'];
    const picked = kind === 'subscription' ? [this.random.pick(names)] : names.filter(() => this.random.chance(0.6));
    const fields = (picked.length > 0 ? picked : ['sure']).map((name) => {
      const directive = kind === 'subscription' ? '' : this.directive();
      // Every variable that is declared must be used.
      return `${name}${directive} { ... @include(if: $no) @skip(if: $yes) ${this.below('Thing', 0)} ...${this.below('Thing', 0)} }`;
    });
    const query = `${kind} Q($yes: Boolean!, $no: Boolean = false) { ${fields.join(' ')} }`;
    return { query: `${query} ${this.fragments.join(' ')}`, variables: { yes: true } };
  }

  below(type, depth) {
    const count = 1 + this.random.below(depth === 0 ? 4 : 3);
    return `{ ${Array.from({ length: count }, () => this.selection(type, depth)).join(' ')} }`;
  }

  selection(type, depth) {
    const abstract = isAbstractType(this.schema.getType(type));
    if (depth < DEEPEST && this.random.chance(abstract ? 0.8 : 0.2)) {
      const on = abstract ? this.random.pick([type, 'Thing', 'Other']) : this.random.pick([type, 'Node', '']);
      return this.fragment(on, type, depth);
    }
    if (type === 'Any' || this.random.chance(0.05)) return '__typename';
    const fields = Object.values(this.schema.getType(type).getFields());
    const leaves = fields.filter((field) => isLeafType(getNamedType(field.type)));
    const field = this.random.pick(depth < DEEPEST ? fields : leaves);
    const of = getNamedType(field.type);
    // An alias of its own for each type, so that fields of different types never have the same name.
    const alias = this.random.chance(0.3) ? `${field.name}${type}: ` : type === 'Other' ? `${field.name}Other: ` : '';
    const set = isLeafType(of) ? '' : ` ${this.below(of.name, depth + 1)}`;
    return `${alias}${field.name}${this.directive()}${set}`;
  }

  fragment(on, type, depth) {
    const set = this.below(on || type, depth + 1);
    if (!on || this.random.chance(0.5)) return `...${on ? ` on ${on}` : ''}${this.directive()} ${set}`;
    const name = `F${this.fragments.length}`;
    this.fragments.push(`fragment ${name} on ${on} ${set}`);
    return `...${name}${this.directive()}`;
  }

  directive() {
    if (!this.random.chance(0.15)) return '';
    return ` @${this.random.pick(['include', 'skip'])}(if: ${this.random.pick(['$yes', '$no', 'true', 'false'])})`;
  }
}

/** Resolves every field, but for those at these places: they fail, or are null. Tells what places there are. */
export function resolver(failing, nulls, seen = new Map()) {
  const complete = (type, path, parent, name, index) => {
    if (name === 'kind') return parent;
    const nullable = !isNonNullType(type);
    seen.set(path, nullable);
    if (failing.has(path)) return new Error('failed');
    if (nulls.has(path)) return null;
    const of = nullable ? type : type.ofType;
    if (isListType(of)) {
      return Array.from({ length: ENTRIES }, (_, entry) => complete(of.ofType, `${path}/${entry}`, parent, name, entry));
    }
    if (isLeafType(of)) return name in (NUMBERS[parent] ?? {}) ? NUMBERS[parent][name] : 1;
    return { __typename: typename(of.name, name, index) };
  };
  return (source, args, context, { returnType, path, parentType, fieldName }) =>
    complete(returnType, places(path).join('/'), parentType.name, fieldName);
}

/** As the example has it: the second of several is another type's, and so is the only one. */
function typename(type, field, index) {
  if (type !== 'Node' && type !== 'Any') return type;
  return index === 0 ? 'Thing' : 'Other';
}

const places = (path) => (path ? [...places(path.prev), path.key] : []);
