// Random documents that give arguments in every way, and values for their variables.
import { isEnumType, isInputObjectType, isListType, isNonNullType } from 'graphql';

const DEEPEST = 3;
const TEXTS = ['', 'a', 'Smith', 'ΚΩΣ', '"\\'];

export class Arguments {
  constructor(schema, random) {
    Object.assign(this, { schema, random, declared: [], values: {}, wrong: false });
  }

  /** A document, and the values of its variables; `wrong` when a variable stands where it must not. */
  request() {
    const kind = this.random.pick(['query', 'query', 'mutation', 'subscription']);
    const root = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' }[kind];
    const fields = Object.values(this.schema.getType(root).getFields()).filter(({ args }) => args.length > 0);
    const count = kind === 'subscription' ? 1 : 1 + this.random.below(3);
    const selected = Array.from({ length: count }, (_, index) => this.field(this.random.pick(fields), index, kind));
    const split = kind === 'subscription' ? count : this.random.below(count + 1);
    const fragment = split < count ? `fragment F on ${root} { ${selected.slice(split).join(' ')} }` : '';
    const spread = fragment && `...F${this.directive()}`;
    const variables = this.declared.length > 0 ? `(${this.declared.map(({ text }) => text).join(', ')})` : '';
    const query = `${kind} Q${variables} { ${selected.slice(0, split).join(' ')} ${spread} } ${fragment}`;
    return { query, variables: this.values, wrong: this.wrong };
  }

  field(field, index, kind) {
    const given = field.args.filter(({ type, defaultValue }) => this.isGiven(type, defaultValue));
    const args = given.map(({ name, type, defaultValue }) => `${name}: ${this.value(type, defaultValue, 0)}`);
    const list = args.length > 0 ? `(${args.join(', ')})` : '';
    const directive = kind === 'subscription' ? '' : this.directive();
    return `f${index}: ${field.name}${list}${directive} { received }`;
  }

  isGiven(type, defaultValue) {
    return (isNonNullType(type) && defaultValue === undefined) || this.random.chance(0.5);
  }

  directive() {
    if (!this.random.chance(0.3)) return '';
    const type = this.schema.getDirective('include').args[0].type;
    // The library takes null for false here, where graphql-js refuses the request.
    const condition = this.value(type, undefined, 0);
    if (this.values[condition.slice(1)] === null) delete this.values[condition.slice(1)];
    return ` @${this.random.pick(['include', 'skip'])}(if: ${condition})`;
  }

  /** A value of the document for a place of this type, which may have a default. */
  value(type, defaultValue, depth) {
    if (this.random.chance(0.4)) return this.variable(type, defaultValue);
    if (isNonNullType(type)) return this.literal(type.ofType, depth);
    return this.random.chance(0.15) ? 'null' : this.literal(type, depth);
  }

  literal(type, depth) {
    if (isListType(type)) {
      if (!isListType(bare(type.ofType)) && this.random.chance(0.15)) return this.literal(bare(type.ofType), depth);
      const items = Array.from({ length: this.random.below(3) }, () => this.value(type.ofType, undefined, depth));
      return `[${items.join(', ')}]`;
    }
    if (isInputObjectType(type)) {
      const fields = this.fields(type, depth);
      const entries = fields.map((field) => `${field.name}: ${this.value(field.type, field.defaultValue, depth + 1)}`);
      return `{${entries.join(', ')}}`;
    }
    if (isEnumType(type)) return this.random.pick(type.getValues()).name;
    return JSON.stringify(this.scalar(type));
  }

  fields(type, depth) {
    return Object.values(type.getFields()).filter(
      (field) => (depth < DEEPEST || !isInputObjectType(innermost(field.type))) && this.isGiven(field.type, field.defaultValue),
    );
  }

  scalar({ name }) {
    switch (name) {
      case 'Int':
        return this.random.below(100) - 50;
      case 'Float':
        return this.random.pick([1, -0.5, 2.25]);
      case 'Boolean':
        return this.random.chance(0.5);
      case 'ID':
        return this.random.pick(['x', 7]);
      default:
        return this.random.pick(TEXTS);
    }
  }

  /** A variable of any type that may stand here, or seldom of one that may not. */
  variable(type, defaultValue) {
    const name = `v${this.declared.length}`;
    const isNeeded = isNonNullType(type) && defaultValue === undefined;
    const isWrong = isNeeded && this.random.chance(0.02);
    this.wrong ||= isWrong;
    const of = isNonNullType(type) ? type.ofType : type;
    const hasDefault = !isWrong && this.random.chance(0.3);
    const mayBeNull = isWrong || hasDefault || !isNeeded ? isWrong || this.random.chance(0.7) : false;
    const mark = mayBeNull ? '' : '!';
    let preset = '';
    if (hasDefault) {
      const nullDefault = mayBeNull && !isNonNullType(type) && this.random.chance(0.3);
      preset = nullDefault ? ' = null' : ` = ${this.constant(of)}`;
    }
    this.declared.push({ text: `$${name}: ${of}${mark}${preset}` });
    const mayBeAbsent = mayBeNull || hasDefault;
    if (!mayBeAbsent || this.random.chance(0.5)) {
      this.values[name] = mayBeNull && this.random.chance(0.2) ? null : this.given(of, 0);
    }
    return `$${name}`;
  }

  /** A literal without variables. */
  constant(type) {
    return literalOf(type, this.given(type, DEEPEST));
  }

  /** A value of a variable. */
  given(type, depth) {
    if (isNonNullType(type)) return this.given(type.ofType, depth);
    if (isListType(type)) {
      const item = (of) => (!isNonNullType(of) && this.random.chance(0.2) ? null : this.given(of, depth));
      if (!isListType(bare(type.ofType)) && this.random.chance(0.15)) return this.given(bare(type.ofType), depth);
      return Array.from({ length: this.random.below(3) }, () => item(type.ofType));
    }
    if (isInputObjectType(type)) {
      const nullable = (field) => !isNonNullType(field.type) && this.random.chance(0.2);
      const entry = (field) => [field.name, nullable(field) ? null : this.given(field.type, depth + 1)];
      return Object.fromEntries(this.fields(type, depth).map(entry));
    }
    if (isEnumType(type)) return this.random.pick(type.getValues()).name;
    return this.scalar(type);
  }
}

const bare = (type) => (isNonNullType(type) ? type.ofType : type);
const innermost = (type) => (isNonNullType(type) || isListType(type) ? innermost(type.ofType) : type);

function literalOf(type, value) {
  if (value === null) return 'null';
  const of = bare(type);
  if (isListType(of)) {
    return Array.isArray(value) ? `[${value.map((item) => literalOf(of.ofType, item)).join(', ')}]` : literalOf(of.ofType, value);
  }
  if (isInputObjectType(of)) {
    const entry = ([name, field]) => `${name}: ${literalOf(of.getFields()[name].type, field)}`;
    return `{${Object.entries(value).map(entry).join(', ')}}`;
  }
  return isEnumType(of) ? value : JSON.stringify(value);
}
