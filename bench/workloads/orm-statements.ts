// Twelve statements with the quoted names, aliases and long column lists that object-relational mappers write. The same text
// runs with literals (-M simple) and with parameters (-M prepared); {name} is a variable of type text.

export interface OrmStatement {
  readonly name: string;
  /** Variables of pgbench and their expressions. */
  readonly variables: Readonly<Record<string, string>>;
  readonly sql: string;
}

const customer = { customer: 'random(1, :customers)' };
const customerColumns = ['id', 'phone', 'name', 'email', 'country', 'balance', 'visits', 'is_active', 'created_at'];
const productColumns = ['id', 'sku', 'title', 'category_id', 'price', 'weight', 'attributes'];
const orderColumns = ['id', 'customer_id', 'status', 'total', 'placed_on', 'placed_at', 'note'];

/** What the shop asks, two of twelve write a row. */
export const ormStatements: readonly OrmStatement[] = [
  {
    name: 'customer by key',
    variables: customer,
    sql: `SELECT ${columns('customers', customerColumns)} FROM "customers" WHERE "customers"."id" = :customer LIMIT 1`,
  },
  {
    name: 'customer by unique text',
    variables: { phone: '49150000000 + random(1, :customers)' },
    sql: `SELECT ${columns('customers', customerColumns)} FROM "customers" WHERE "customers"."phone" = {phone} LIMIT 1`,
  },
  {
    name: 'order with its customer',
    variables: { order: 'random(1, :orders)' },
    sql: `SELECT ${aliased('o', orderColumns)}, ${aliased('c', customerColumns)} FROM "orders" AS "o" INNER JOIN "customers" AS "c" ON "o"."customer_id" = "c"."id" WHERE "o"."id" = :order`,
  },
  {
    name: 'items with their products',
    variables: { order: 'random(1, :orders)' },
    sql: `SELECT ${aliased('i', ['id', 'order_id', 'product_id', 'quantity', 'price'])}, ${aliased('p', productColumns)} FROM "order_items" AS "i" LEFT OUTER JOIN "products" AS "p" ON "i"."product_id" = "p"."id" WHERE "i"."order_id" = :order ORDER BY "i"."id" ASC`,
  },
  {
    name: 'last orders of a customer',
    variables: customer,
    sql: `SELECT ${columns('orders', orderColumns)} FROM "orders" WHERE "orders"."customer_id" = :customer ORDER BY "orders"."placed_at" DESC, "orders"."id" DESC LIMIT 10 OFFSET 0`,
  },
  {
    name: 'count of orders',
    variables: customer,
    sql: `SELECT COUNT(*) AS "count" FROM "orders" WHERE ("orders"."customer_id" = :customer AND NOT ("orders"."status" = 'canceled'))`,
  },
  {
    name: 'products of a list',
    variables: Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`p${n}`, 'random(1, :products)'])),
    sql: `SELECT ${columns('products', productColumns)} FROM "products" WHERE "products"."id" IN (:p1, :p2, :p3, :p4, :p5, :p6, :p7, :p8)`,
  },
  {
    name: 'products by jsonb',
    variables: { category: 'random(0, 49)' },
    sql: `SELECT ${columns('products', productColumns)} FROM "products" WHERE ("products"."category_id" = :category AND "products"."attributes" @> '{"color": "red"}' AND ("products"."attributes" ->> 'size') = 'L') ORDER BY "products"."title" ASC LIMIT 21`,
  },
  {
    name: 'whether there are open orders',
    variables: customer,
    sql: `SELECT 1 AS "one" FROM "orders" WHERE "orders"."customer_id" = :customer AND "orders"."status" = 'open' LIMIT 1`,
  },
  {
    name: 'turnover by status',
    variables: customer,
    sql: `SELECT "o"."status", COUNT(*) AS "items", SUM("i"."quantity" * "i"."price") AS "turnover" FROM "orders" AS "o" INNER JOIN "order_items" AS "i" ON "i"."order_id" = "o"."id" WHERE "o"."customer_id" = :customer GROUP BY "o"."status" ORDER BY "o"."status" ASC`,
  },
  {
    name: 'upsert of stock',
    variables: { product: 'random(1, :products)', warehouse: 'random(1, 4)', quantity: 'random(1, 9)' },
    sql: `INSERT INTO "stock" ("product_id", "warehouse_id", "quantity", "updated_at") VALUES (:product, :warehouse, :quantity, CURRENT_TIMESTAMP) ON CONFLICT ("product_id", "warehouse_id") DO UPDATE SET "quantity" = "stock"."quantity" + EXCLUDED."quantity", "updated_at" = EXCLUDED."updated_at" RETURNING "stock"."product_id", "stock"."warehouse_id", "stock"."quantity"`,
  },
  {
    name: 'visit of a customer',
    variables: customer,
    sql: `UPDATE "customers" SET "visits" = "customers"."visits" + 1, "updated_at" = CURRENT_TIMESTAMP WHERE "customers"."id" = :customer`,
  },
];

/** All statements as one script of pgbench's, each a transaction of its own, for tables with so many rows. */
export function ormScript(protocol: 'simple' | 'prepared', rows: Readonly<Record<string, number>>): string {
  return ormStatements.map((statement) => scriptOf(statement, protocol, rows)).join('');
}

function scriptOf(
  { variables, sql }: OrmStatement,
  protocol: 'simple' | 'prepared',
  rows: Readonly<Record<string, number>>,
): string {
  const sets = Object.entries(variables).map(([name, expression]) => {
    const value = expression.replaceAll(/:(\w+)/g, (_, table: string) => String(rows[table] ?? 0));
    return `\\set ${name} ${value}\n`;
  });
  return `${sets.join('')}${sql.replaceAll(/\{(\w+)\}/g, protocol === 'simple' ? "':$1'" : ':$1')};\n`;
}

function columns(table: string, names: readonly string[]): string {
  return names.map((name) => `"${table}"."${name}"`).join(', ');
}

function aliased(alias: string, names: readonly string[]): string {
  return names.map((name) => `"${alias}"."${name}" AS "${alias}_${name}"`).join(', ');
}
