/**
 * Another spelling of the same thing is no difference, and a change is one,
 * however close: of types, defaults, expressions, indexes and constraints.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Major,
  MAJORS,
  serversOnDemand,
  sync,
  type SyncOptions,
} from "./helpers.ts";

const onServer = serversOnDemand();

/** What a step says, what the database was told, and what is a change of it. */
type Spelling = [step: string, database: string, ...changed: string[]];

/** Where a text stands in a step, and in the SQL of a person. */
const KINDS = {
  column: ["", ""],
  check: ["addCheck", "CHECK"],
  index: ["createIndex", ""],
  unique: ["addUnique", "UNIQUE"],
  primary: ["addPrimaryKey", "PRIMARY KEY"],
  foreign: ["addForeignKey", "FOREIGN KEY"],
  exclusion: ["addExclusion", "EXCLUDE"],
} as const;

interface List {
  kind: keyof typeof KINDS;
  title: string;
  since?: Major;
  of: Spelling[];
}

// deno-fmt-ignore
const LISTS: List[] = [
  { kind: "column", title: "types", of: [
    ["int", "integer", "bigint", "int[]", "numeric"],
    ["int4", "INT", "int2"],
    ["pg_catalog.int4", "int", "pg_catalog.int8"],
    ['"int4"', "int", '"int8"'],
    ["bigint", "int8", "int", "numeric(20)"],
    ["smallint", "INT2", "int"],
    ["varchar(20)", "character varying(20)", "varchar(21)", "varchar", "text", "char(20)"],
    ["varchar", "CHARACTER  VARYING", "text", "varchar(1)", "bpchar"],
    ["varchar(20)", "VARCHAR ( 20 )", "varchar(20)[]"],
    ["char varying(7)", "varchar(7)", "char(7)"],
    ["national character varying(7)", "varchar(7)", "char(7)"],
    ["nchar(4)", "national character(4)", "char(5)"],
    ["char(3)", "character(3)", "char(4)", "varchar(3)", "bpchar"],
    ["char", "character(1)", '"char"', "bpchar", "char(2)"],
    ['"char"', 'pg_catalog."char"', "char", "text"],
    ["bpchar", "pg_catalog.bpchar", "char", "text"],
    ["name", "NAME", "text", "varchar(63)"],
    ["text", "pg_catalog.text", "varchar", "citext"],
    ["citext", "ext.citext", "text"],
    ["citext[]", 'ext."citext" array', "text[]", "citext"],
    ["timestamptz", "timestamp with time zone", "timestamp", "timestamptz(3)", "date"],
    ["timestamp", "timestamp without time zone", "timestamptz", "timestamp(6)"],
    ["timestamp(3)", "timestamp (3) without time zone", "timestamp(6)", "timestamp"],
    ["timestamptz(3)", "timestamp(3) with  time zone", "timestamp(3)", "timestamptz(0)"],
    ['"timestamp"', "timestamp", '"timestamptz"'],
    ["time", "time without time zone", "timetz", "time(0)", "interval"],
    ["time(2)", "TIME (2) WITHOUT TIME ZONE", "time(3)", "timetz(2)"],
    ["timetz", "time with time zone", "time", "timetz(1)"],
    ["timetz(1)", "time(1) with time zone", "timetz", "time(1)"],
    ["interval", "INTERVAL", "interval(3)", "interval day", "time"],
    ["interval(3)", "INTERVAL (3)", "interval", "interval(2)"],
    ["interval year to month", "INTERVAL YEAR  TO MONTH", "interval year", "interval"],
    ["interval day to second(3)", "interval DAY TO SECOND (3)", "interval day to second", "interval(3)"],
    ["bool", "boolean", "int", "bit"],
    ["decimal(10,2)", "numeric(10, 2)", "numeric(10,3)", "numeric(11,2)", "numeric"],
    ["numeric(10)", "dec(10,0)", "numeric(11)", "numeric"],
    ["decimal", "numeric", "numeric(10)", "float8", "money"],
    ["float8", "double precision", "real", "numeric"],
    ["float", "DOUBLE  PRECISION", "float(24)"],
    ["float4", "real", "double precision"],
    ["float(24)", "real", "float(25)"],
    ["float(25)", "float8", "float(1)"],
    ["bit", "bit(1)", "bit(2)", "varbit", "bool"],
    ["bit varying(4)", "varbit(4)", "bit(4)", "varbit", "varbit(5)"],
    ["int[]", "integer[]", "int", "bigint[]"],
    ["int[]", "integer ARRAY", "int"],
    ["int[3]", "integer[][]", "int2vector", "text[3]"],
    ["text array[4]", "_text", "text", "varchar[]"],
    ["varchar(5)[]", "character varying(5) []", "varchar(6)[]", "varchar[]"],
    ["numeric(6,2)[]", "decimal (6, 2) array", "numeric(6,3)[]", "numeric[]"],
    ["timestamptz[]", "timestamp with time zone[]", "timestamp[]"],
    ['"char"[]', 'pg_catalog."char" array', "char[]"],
    ["mood", '"mood"', "other.mood", '"Mixed Mood"', "text"],
    ["MOOD", "public.mood", '"Mixed Mood"'],
    ["mood[]", "public.mood array", "other.mood[]", "mood"],
    ["other.mood", '"other"."mood"', "mood"],
    ['"Mixed Mood"', 'public."Mixed Mood"', "mood"],
    ['"Mixed Mood"[]', 'public."Mixed Mood" ARRAY', '"Mixed Mood"'],
    ['"a.b"', 'public."a.b"', '"a""b"'],
    ['"a""b"', 'public."a""b"', '"a.b"'],
    ["größe", 'public."größe"', '"a.b"'],
    ["short", "public.short", "varchar(9)", "text", "other.short"],
    ["other.short[]", 'other."short"[]', "short[]", "other.short"],
    ["parent", "public.parent", "other.parent", "text"],
    ["hours", "public.hours", "int4range"],
    ["int4range", "pg_catalog.int4range", "int8range", "int4multirange"],
    ["json", "JSON", "jsonb", "text"],
    ["jsonb", '"jsonb"', "json"],
    ["uuid", "UUID", "text"],
    ["bytea", "pg_catalog.bytea", "text"],
    ["inet", "INET", "cidr"],
    ["regclass", "pg_catalog.regclass", "oid", "regproc"],
    ["tsvector", "TSVECTOR", "tsquery"],
    ["point", "POINT", "lseg"],
    ["int -- of things", "integer", "bigint -- of things"],
    ["int /* a /* b */ c */", "integer", "/* int */ bigint"],
    ["\n  int\n", "int4", "\n int\n[]"],
  ] },
  { kind: "column", title: "nullability, identity, serial, collation", of: [
    ["text", "text NULL", "text NOT NULL"],
    ["text NOT NULL", "text not  null", "text", "text NULL"],
    ["text/**/NOT/**/NULL", "text NOT NULL", "text /* NOT NULL */", "text -- NOT NULL"],
    ["text NOT NULL DEFAULT 'x'", "text DEFAULT 'x' NOT NULL", "text DEFAULT 'x'", "text NOT NULL"],
    ["int GENERATED ALWAYS AS IDENTITY", "integer NOT NULL generated  always as identity", "int GENERATED BY DEFAULT AS IDENTITY", "int NOT NULL", "serial"],
    ["bigint GENERATED BY DEFAULT AS IDENTITY", "int8 GENERATED BY DEFAULT AS IDENTITY (START WITH 1) NOT NULL", "bigint GENERATED ALWAYS AS IDENTITY", "bigint NOT NULL"],
    ["serial", "SERIAL", "bigserial", "int NOT NULL"],
    ["serial", "serial4 NOT NULL", "serial8"],
    ["bigserial", "serial8", "bigint NOT NULL DEFAULT 1"],
    ["smallserial", "serial2", "serial"],
    ['text COLLATE "C"', 'text collate "C"', "text", 'text COLLATE "POSIX"'],
    ['text COLLATE "C"', 'text COLLATE pg_catalog."C"', 'text COLLATE "default"'],
    ['text COLLATE "C" NOT NULL', 'text NOT NULL COLLATE "C"', "text NOT NULL", 'text COLLATE "C"'],
    ["text", 'text COLLATE "default"', 'text COLLATE "C"'],
    ['varchar(5)[] COLLATE "C"', 'varchar(5)[] collate "C"', "varchar(5)[]"],
    ["text COLLATE plain", "text COLLATE public.plain", 'text COLLATE "C"', "text COLLATE other.plain"],
    ["text COLLATE other.plain", 'text COLLATE other."plain"', "text COLLATE plain", "text"],
    ["binary_text", 'binary_text COLLATE "C"', 'binary_text COLLATE "default"'],
    ['binary_text COLLATE "default"', 'public.binary_text COLLATE "default"', "binary_text"],
    ["plain_text", "plain_text COLLATE public.plain", "plain_text COLLATE other.plain"],
  ] },
  { kind: "column", title: "defaults: text", of: [
    ["text DEFAULT 'x'", "text DEFAULT 'x'::text", "text DEFAULT 'X'", "text DEFAULT 'x '", "text", "text DEFAULT NULL", "text DEFAULT ''"],
    ["text DEFAULT 'x'", "text default ('x')", "text NOT NULL"],
    ["text DEFAULT 'x'", "text DEFAULT E'x'", "text DEFAULT E'\\\\x'"],
    ["text DEFAULT 'x'", "text DEFAULT cast('x' AS text)", "text DEFAULT cast('y' AS text)"],
    ["text DEFAULT 'x'", "text DEFAULT text 'x'", "text DEFAULT text 'y'"],
    ["text DEFAULT 'x'", "text DEFAULT (((('x'))))", "text DEFAULT '(x)'"],
    ["text", "text DEFAULT NULL", "text DEFAULT 'NULL'", "text DEFAULT ''"],
    ["text DEFAULT NULL", "text", "text DEFAULT 'null'"],
    ["text DEFAULT NULL::text", "text NULL", "text DEFAULT 'NULL::text'"],
    ["varchar(9) DEFAULT NULL", "varchar(9) DEFAULT NULL", "varchar(9) DEFAULT ''"],
    ["text DEFAULT ''", "text DEFAULT ''::text", "text", "text DEFAULT ' '"],
    ["text DEFAULT 'it''s'", "text DEFAULT $$it's$$", "text DEFAULT 'its'"],
    ["text DEFAULT E'it\\'s'", "text DEFAULT 'it''s'", "text DEFAULT E'it\\\\s'"],
    ["text DEFAULT $q$it's $$ here$q$", "text DEFAULT 'it''s $$ here'", "text DEFAULT 'it''s $ here'"],
    ["text DEFAULT E'a\\nb'", "text DEFAULT 'a\nb'", "text DEFAULT 'a\\nb'", "text DEFAULT 'a b'"],
    ["text DEFAULT E'\\u00e9\\x41'", "text DEFAULT 'éA'", "text DEFAULT 'eA'"],
    ["text DEFAULT 'C:\\dir'", "text DEFAULT E'C:\\\\dir'", "text DEFAULT 'C:\\\\dir'"],
    ["text DEFAULT 'a'\n  'b'", "text DEFAULT 'ab'", "text DEFAULT 'a'", "text DEFAULT 'a''b'"],
    ["text DEFAULT 'a' -- one\n  'b'", "text DEFAULT 'ab'", "text DEFAULT 'a' -- 'b'"],
    ["text DEFAULT U&'d\\0061t'", "text DEFAULT 'dat'", "text DEFAULT 'd\\0061t'"],
    ["text DEFAULT U&'d!0061t' UESCAPE '!'", "text DEFAULT 'dat'", "text DEFAULT 'd!0061t'"],
    ["text DEFAULT 'NOT NULL'", "text DEFAULT ('NOT NULL')", "text DEFAULT 'NULL'", "text NOT NULL"],
    ["text DEFAULT ' REFERENCES x (y)'", "text DEFAULT E' REFERENCES x (y)'", "text DEFAULT ' REFERENCES x(y)'"],
    ["text DEFAULT 'a -- b'", "text DEFAULT /* why */ 'a -- b'", "text DEFAULT 'a -- c'", "text DEFAULT 'a' -- b"],
    ["text DEFAULT 'a /* b */'", "text DEFAULT $$a /* b */$$", "text DEFAULT 'a'", "text DEFAULT 'a ' /* b */"],
    ["text DEFAULT 'x' || 'y'", "text DEFAULT ('x'::text || 'y'::text)", "text DEFAULT 'y' || 'x'"],
    ["text DEFAULT lower('X' || 'y')", "text DEFAULT LOWER( 'X'||'y' )", "text DEFAULT upper('X' || 'y')"],
    ["text DEFAULT current_user", "text DEFAULT CURRENT_USER", "text DEFAULT session_user", "text DEFAULT 'current_user'"],
    ["text DEFAULT current_setting('a.b', true)", "text DEFAULT CURRENT_SETTING('a.b'::text, 't')", "text DEFAULT current_setting('a.b', false)", "text DEFAULT current_setting('a.c', true)"],
    ["text DEFAULT coalesce(current_setting('a.b', true), '')", "text DEFAULT COALESCE (current_setting('a.b'::text, true), ''::text)", "text DEFAULT coalesce(current_setting('a.b', true), 'x')"],
    ["text DEFAULT nullif(current_setting('a.b', true), '')", "text DEFAULT NULLIF(current_setting('a.b', true), ''::text)", "text DEFAULT current_setting('a.b', true)"],
    ["text DEFAULT CASE WHEN now() > '2020-01-01' THEN 'a' ELSE 'b' END", "text DEFAULT case when (now() > '2020-01-01'::timestamptz) then 'a'::text else 'b'::text end", "text DEFAULT CASE WHEN now() > '2020-01-01' THEN 'b' ELSE 'a' END", "text DEFAULT CASE WHEN now() >= '2020-01-01' THEN 'a' ELSE 'b' END"],
    ["text DEFAULT CASE WHEN now() IS NOT NULL THEN 'a' END", "text DEFAULT CASE WHEN (now() IS NOT NULL) THEN 'a'::text ELSE NULL::text END", "text DEFAULT CASE WHEN now() IS NULL THEN 'a' END"],
    ["varchar(9) DEFAULT 'x'", "varchar(9) DEFAULT 'x'::text", "varchar(9) DEFAULT 'y'", "varchar(9)"],
    ["varchar(9) DEFAULT 'x'", "varchar(9) DEFAULT 'x'::character varying", "varchar(9) DEFAULT 'x'::varchar || 'y'"],
    ["varchar(9) DEFAULT 'x'", "varchar(9) DEFAULT 'x'::varchar(9)", "varchar(9) DEFAULT 'z'::varchar(9)"],
    ["char(3) DEFAULT 'a'", "char(3) DEFAULT 'a'::bpchar", "char(3) DEFAULT 'b'"],
    ["char DEFAULT 'a'", "char DEFAULT 'a'::bpchar", "char DEFAULT 'A'"],
    [`"char" DEFAULT 'a'`, `"char" DEFAULT 'a'::"char"`, `"char" DEFAULT 'A'`],
    ["name DEFAULT 'x'", "name DEFAULT 'x'::name", "name DEFAULT 'X'"],
    ["citext DEFAULT 'x'", "ext.citext DEFAULT 'x'::ext.citext", "citext DEFAULT 'X'"],
    ["text COLLATE \"C\" DEFAULT 'x'", "text DEFAULT 'x' COLLATE \"C\"", "text COLLATE \"C\" DEFAULT 'y'"],
  ] },
  { kind: "column", title: "defaults: numbers, booleans, bytes", of: [
    ["int DEFAULT 0", "int DEFAULT '0'", "int DEFAULT 1", "int DEFAULT -0 - 1", "int"],
    ["int DEFAULT 0", "int DEFAULT (0)", "int DEFAULT NULL"],
    ["int DEFAULT 5", "int DEFAULT CAST('5' AS int)", "int DEFAULT CAST('6' AS int)"],
    ["int DEFAULT 5", "int DEFAULT int '5'", "int DEFAULT int '-5'"],
    ["int DEFAULT -1", "int DEFAULT '-1'::integer", "int DEFAULT 1"],
    ["int DEFAULT -1", "int DEFAULT (-1)", "int DEFAULT - -1"],
    ["int DEFAULT - 1", "int DEFAULT -1", "int DEFAULT +1"],
    ["int DEFAULT 60 * 24", "int DEFAULT (60*24)", "int DEFAULT 60 * 25", "int DEFAULT 60 + 24"],
    ["int DEFAULT 1 + 2 * 3", "int DEFAULT (1 + (2 * 3))", "int DEFAULT (1 + 2) * 3"],
    ["bigint DEFAULT 0", "bigint DEFAULT 0::bigint", "bigint DEFAULT 1::bigint"],
    ["bigint DEFAULT 3000000000", "bigint DEFAULT '3000000000'", "bigint DEFAULT 3000000001"],
    ["smallint DEFAULT 3", "int2 DEFAULT 3::int2", "smallint DEFAULT 4::int2"],
    ["numeric DEFAULT 0", "numeric DEFAULT 0::numeric", "numeric DEFAULT 0.00", "numeric DEFAULT 1"],
    ["numeric(10,2) DEFAULT 0", "numeric(10,2) DEFAULT 0.00", "numeric(10,2) DEFAULT 0.01"],
    ["dec(8,2) DEFAULT 1.50", "decimal(8,2) DEFAULT '1.5'", "dec(8,2) DEFAULT 1.51"],
    ["numeric DEFAULT 1e3", "numeric DEFAULT 1000", "numeric DEFAULT 1e4", "numeric DEFAULT 1000.0"],
    ["numeric DEFAULT .5", "numeric DEFAULT 0.5", "numeric DEFAULT 5."],
    ["numeric DEFAULT 1.5E-3", "numeric DEFAULT 0.0015", "numeric DEFAULT 1.5E3"],
    ["float8 DEFAULT 1e3", "float8 DEFAULT 1000", "float8 DEFAULT 1e-3"],
    ["float8 DEFAULT 'Infinity'", "float8 DEFAULT 'inf'::double precision", "float8 DEFAULT '-Infinity'", "float8 DEFAULT 'NaN'"],
    ["real DEFAULT 0.1", "real DEFAULT '0.1'::real", "real DEFAULT 0.2"],
    ["bool DEFAULT true", "bool DEFAULT TRUE", "bool DEFAULT false", "bool"],
    ["bool DEFAULT true", "bool DEFAULT 't'", "bool DEFAULT 'no'"],
    ["bool DEFAULT false", "bool DEFAULT 'off'::bool", "bool DEFAULT true"],
    ["bool DEFAULT (now() IS NOT NULL)", "bool DEFAULT ((now()) IS NOT NULL)", "bool DEFAULT (now() IS NULL)"],
    ["money DEFAULT 1.5", "money DEFAULT 1.5::money", "money DEFAULT 1.51"],
    ["bytea DEFAULT '\\x00ff'", "bytea DEFAULT '\\x00FF'::bytea", "bytea DEFAULT '\\x00fe'"],
    ["bytea DEFAULT '\\000a'", "bytea DEFAULT '\\x0061'", "bytea DEFAULT 'a'"],
    ["bit(4) DEFAULT B'1010'", "bit(4) DEFAULT '1010'", "bit(4) DEFAULT B'1011'"],
    ["bit(4) DEFAULT X'A'", "bit(4) DEFAULT B'1010'", "bit(4) DEFAULT X'B'"],
    ["int DEFAULT nextval('numbers')", "int DEFAULT nextval('public.numbers'::regclass)", "int DEFAULT nextval('other.numbers')", `int DEFAULT nextval('"Odd Numbers"')`, "int DEFAULT currval('numbers')"],
    [`int DEFAULT nextval('"Odd Numbers"')`, `int DEFAULT NEXTVAL ('public."Odd Numbers"')`, "int DEFAULT nextval('numbers')"],
    ["int DEFAULT next_id()", "int DEFAULT public.next_id( )", "int DEFAULT other.next_id()", "int DEFAULT 1"],
    [`int DEFAULT "Next Id"(1, step => 2)`, `int DEFAULT public."Next Id"(step => 2, "from" => 1)`, `int DEFAULT "Next Id"(2, 1)`, "int DEFAULT next_id()"],
  ] },
  { kind: "column", title: "defaults: numbers of other bases", since: 16, of: [
    ["int DEFAULT 0x10", "int DEFAULT 16", "int DEFAULT 0x11", "int DEFAULT 10"],
    ["int DEFAULT 0o17", "int DEFAULT 15", "int DEFAULT 0o16"],
    ["int DEFAULT 0b101", "int DEFAULT 5", "int DEFAULT 0b100"],
    ["int DEFAULT 1_000", "int DEFAULT 1000", "int DEFAULT 1_001"],
    ["numeric DEFAULT 1_000.5e1", "numeric DEFAULT 10005", "numeric DEFAULT 1_000.5"],
  ] },
  { kind: "column", title: "defaults: times", of: [
    ["timestamptz DEFAULT now()", "timestamptz DEFAULT NOW( )", "timestamptz DEFAULT CURRENT_TIMESTAMP", "timestamptz DEFAULT clock_timestamp()", "timestamptz", "timestamptz DEFAULT now() + '1 day'"],
    ["timestamptz DEFAULT now()", "timestamptz DEFAULT (pg_catalog.now())", "timestamptz DEFAULT statement_timestamp()"],
    ["timestamptz DEFAULT CURRENT_TIMESTAMP", "timestamp with time zone DEFAULT current_timestamp", "timestamptz DEFAULT CURRENT_TIMESTAMP(3)", "timestamptz DEFAULT now()"],
    ["timestamptz(3) DEFAULT CURRENT_TIMESTAMP(3)", "timestamptz(3) DEFAULT current_timestamp (3)", "timestamptz(3) DEFAULT CURRENT_TIMESTAMP(2)"],
    ["timestamp DEFAULT LOCALTIMESTAMP", "timestamp DEFAULT localtimestamp", "timestamp DEFAULT LOCALTIMESTAMP(0)"],
    ["timestamp DEFAULT (now() AT TIME ZONE 'utc')", "timestamp without time zone DEFAULT ((NOW() at time zone 'utc'::text))", "timestamp DEFAULT (now() AT TIME ZONE 'cet')", "timestamp DEFAULT now()"],
    ["timestamp DEFAULT timezone('utc', now())", "timestamp DEFAULT pg_catalog.timezone('utc'::text, now())", "timestamp DEFAULT timezone('UTC+1', now())"],
    ["timestamptz DEFAULT now() + interval '1 day'", "timestamptz DEFAULT (now() + '1 day'::interval)", "timestamptz DEFAULT now() - interval '1 day'", "timestamptz DEFAULT now() + interval '24 hours'"],
    ["timestamptz DEFAULT date_trunc('day', now())", "timestamptz DEFAULT DATE_TRUNC ('day'::text, now())", "timestamptz DEFAULT date_trunc('week', now())"],
    ["timestamptz DEFAULT 'infinity'", "timestamptz DEFAULT 'infinity'::timestamptz", "timestamptz DEFAULT '-infinity'"],
    ["timestamptz DEFAULT '2020-01-01 00:00+00'", "timestamptz DEFAULT TIMESTAMPTZ '2020-01-01 01:00+01'", "timestamptz DEFAULT '2020-01-01 00:00+01'"],
    ["date DEFAULT CURRENT_DATE", "date DEFAULT current_date", "date DEFAULT now()", "date DEFAULT CURRENT_DATE + 1"],
    ["date DEFAULT CURRENT_DATE + 7", "date DEFAULT (current_date + 7)", "date DEFAULT CURRENT_DATE - 7"],
    ["date DEFAULT '2020-01-01'", "date DEFAULT DATE '2020-01-01'", "date DEFAULT '2020-01-02'"],
    ["time DEFAULT '12:30'", "time DEFAULT '12:30:00'::time", "time DEFAULT '12:30:01'"],
    ["int DEFAULT EXTRACT(year FROM now())", "int DEFAULT extract('year' from (now()))", "int DEFAULT EXTRACT(month FROM now())"],
    ["interval DEFAULT '1 hour'", "interval DEFAULT interval '60 minutes'", "interval DEFAULT '1 hour 1 second'"],
    ["interval DEFAULT INTERVAL '1' DAY", "interval DEFAULT '1 day'", "interval DEFAULT INTERVAL '1' HOUR", "interval DEFAULT '24 hours'"],
    ["interval DEFAULT interval '1-2' year to month", "interval DEFAULT '1 year 2 mons'", "interval DEFAULT interval '1-3' year to month"],
    ["interval DEFAULT INTERVAL(0) '1.4 seconds'", "interval DEFAULT '1 second'", "interval DEFAULT '1.4 seconds'"],
    ["interval day DEFAULT '1 day 2 hours'", "interval day DEFAULT '1 day'", "interval day DEFAULT '2 days'"],
  ] },
  { kind: "column", title: "defaults: arrays, JSON, ranges, types of one's own", of: [
    ["text[] DEFAULT '{}'", "text[] DEFAULT '{}'::text[]", "text[] DEFAULT '{a}'", "text[]", "text[] DEFAULT '{\"\"}'"],
    ["text[] DEFAULT '{}'", "text[] DEFAULT ARRAY[]::text[]", "text[] DEFAULT ARRAY['']::text[]"],
    ["text[] DEFAULT ARRAY['a','b']", "text[] DEFAULT '{a,b}'", "text[] DEFAULT '{b,a}'", "text[] DEFAULT '{a}'"],
    [`text[] DEFAULT '{"a b", NULL, "NULL"}'`, "text[] DEFAULT ARRAY['a b', NULL, 'NULL']", `text[] DEFAULT '{"a b", NULL, NULL}'`],
    ["int[] DEFAULT '{1,2}'", "int[] DEFAULT ARRAY[1, 2]", "int[] DEFAULT '{1,2,3}'", "int[] DEFAULT '{{1,2}}'"],
    ["int[] DEFAULT ARRAY[[1,2],[3,4]]", "int[][] DEFAULT '{{1,2},{3,4}}'", "int[] DEFAULT '{1,2,3,4}'"],
    ["int[] DEFAULT '[0:1]={1,2}'", "int[] DEFAULT '[0:1]={1,2}'::int[]", "int[] DEFAULT '{1,2}'"],
    ["varchar(5)[] DEFAULT '{ab}'", "varchar(5)[] DEFAULT ARRAY['ab']::varchar[]", "varchar(5)[] DEFAULT '{abc}'"],
    ["int ARRAY DEFAULT '{1}'", "int[] DEFAULT '{1}'::int[]", "int ARRAY DEFAULT '{2}'"],
    ["mood[] DEFAULT '{ok}'", "mood[] DEFAULT ARRAY['ok'::mood]", "mood[] DEFAULT '{bad}'"],
    ["json DEFAULT '{}'", "json DEFAULT '{}'::json", "json DEFAULT '{ }'"],
    ["jsonb DEFAULT '{}'", "jsonb DEFAULT '{}'::jsonb", "jsonb DEFAULT '[]'", "jsonb"],
    [`jsonb DEFAULT '{"a":1}'`, `jsonb DEFAULT '{ "a" : 1 }'`, `jsonb DEFAULT '{"a":2}'`, `jsonb DEFAULT '{"a":1.0}'`],
    [`jsonb DEFAULT '{"b":1,"a":"x"}'`, `jsonb DEFAULT '{"a":"x","b":1}'`, `jsonb DEFAULT '{"a":"X","b":1}'`],
    ["jsonb DEFAULT jsonb_build_object('at', now())", "jsonb DEFAULT JSONB_BUILD_OBJECT('at', now())", "jsonb DEFAULT jsonb_build_object('on', now())", "jsonb DEFAULT '{}'"],
    ["point DEFAULT '(1,2)'", "point DEFAULT point(1,2)", "point DEFAULT '(2,1)'"],
    ["int4range DEFAULT '[1,5)'", "int4range DEFAULT '[1,4]'", "int4range DEFAULT '[1,5]'", "int4range DEFAULT 'empty'"],
    ["tstzrange DEFAULT tstzrange(now(), NULL)", "tstzrange DEFAULT TSTZRANGE(now(), NULL::timestamptz)", "tstzrange DEFAULT tstzrange(NULL, now())"],
    ["inet DEFAULT '10.0.0.1'", "inet DEFAULT '10.0.0.1/32'", "inet DEFAULT '10.0.0.1/31'"],
    ["uuid DEFAULT gen_random_uuid()", "uuid DEFAULT GEN_RANDOM_UUID ()", "uuid"],
    ["uuid DEFAULT '00000000-0000-0000-0000-00000000000A'", "uuid DEFAULT '{0000000000000000000000000000000a}'", "uuid DEFAULT '00000000-0000-0000-0000-00000000000b'"],
    ["regclass DEFAULT 'parent'", "regclass DEFAULT 'public.parent'::regclass", "regclass DEFAULT 'other.parent'"],
    ["mood DEFAULT 'ok'", "mood DEFAULT 'ok'::mood", "mood DEFAULT 'bad'", "mood"],
    ["mood DEFAULT 'ok'", "mood DEFAULT 'ok'::public.mood", "mood DEFAULT 'bad'::public.mood"],
    ["mood DEFAULT lower('OK')::mood", "mood DEFAULT (lower('OK'::text))::mood", "mood DEFAULT upper('OK')::mood"],
    [`"Mixed Mood" DEFAULT 'ok'`, `"Mixed Mood" DEFAULT 'ok'::public."Mixed Mood"`, `"Mixed Mood" DEFAULT 'Ok'`],
    ["short DEFAULT 'x'", "short DEFAULT 'x'::short", "short DEFAULT 'y'", "short"],
    ["parent DEFAULT '(1,2)'", "parent DEFAULT ROW(1, 2)", "parent DEFAULT ROW(2, 1)"],
    ["tsvector DEFAULT to_tsvector('english', 'cats')", "tsvector DEFAULT to_tsvector('english'::regconfig, 'cats'::text)", "tsvector DEFAULT to_tsvector('simple', 'cats')"],
  ] },
  { kind: "column", title: "generated", of: [
    ["text GENERATED ALWAYS AS (b || 'x') STORED", "text generated always as ( ( b||'x'::text ) ) stored", "text GENERATED ALWAYS AS (b || 'y') STORED", "text", "text DEFAULT 'x'"],
    ["int GENERATED ALWAYS AS (a + 1) STORED", "integer GENERATED ALWAYS AS ( ( A+1 ) ) stored", "int GENERATED ALWAYS AS (a + 2) STORED", "int GENERATED ALWAYS AS (1 + a) STORED"],
    ["int GENERATED ALWAYS AS (spelled.a * 2) STORED", 'int GENERATED ALWAYS AS ("a" * 2) STORED', "int GENERATED ALWAYS AS (spelled.\"order\" * 2) STORED"],
    ["numeric GENERATED ALWAYS AS (price * 1.2) STORED NOT NULL", "numeric NOT NULL GENERATED ALWAYS AS (price * '1.2'::numeric) STORED", "numeric GENERATED ALWAYS AS (price * 1.2) STORED", "numeric GENERATED ALWAYS AS (price * 1.20) STORED NOT NULL"],
    ["tsvector GENERATED ALWAYS AS (to_tsvector('english', coalesce(b, ''))) STORED", "tsvector GENERATED ALWAYS AS (to_tsvector('english'::regconfig, COALESCE(b, ''::text))) STORED", "tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(b, ''))) STORED"],
    // A cast cuts what the column itself refuses.
    ["varchar(5) GENERATED ALWAYS AS (b) STORED", "varchar(5) GENERATED ALWAYS AS ((b)) STORED", "varchar(5) GENERATED ALWAYS AS (email) STORED", "varchar(5) GENERATED ALWAYS AS (b::varchar(5)) STORED"],
    ["text GENERATED ALWAYS AS (CASE WHEN flag THEN 'STORED' END) STORED", "text GENERATED ALWAYS AS (CASE WHEN flag THEN 'STORED'::text ELSE NULL END) STORED", "text GENERATED ALWAYS AS (CASE WHEN flag THEN 'stored' END) STORED"],
  ] },
  { kind: "column", title: "generated and not stored", since: 18, of: [
    ["int GENERATED ALWAYS AS (a + 1) VIRTUAL", "int GENERATED ALWAYS AS (a + 1)", "int GENERATED ALWAYS AS (a + 1) STORED", "int GENERATED ALWAYS AS (a + 2)"],
  ] },
  { kind: "check", title: "checks", of: [
    ["a IN (1, 2)", "a = ANY (ARRAY[1, 2])", "a IN (1, 2, 3)", "a IN (2, 1)", "a NOT IN (1, 2)", "a = ALL (ARRAY[1, 2])"],
    ["b IN ('x', 'y')", "b = ANY (ARRAY['x'::text, 'y'::text])", "b IN ('x', 'Y')"],
    ["email IN ('x', 'y')", "email = ANY ('{x,y}'::text[])", "email IN ('x,y')"],
    ["email IN ('x', 'y')", "(email)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])", "email IN ('x')"],
    ["a NOT IN (1, 2)", "a <> ALL (ARRAY[1, 2])", "a <> ANY (ARRAY[1, 2])", "a IN (1, 2)"],
    ["a IN (1)", "a = 1", "a IN (1, 1)"],
    ["a BETWEEN 1 AND 5", "a >= 1 AND a <= 5", "a BETWEEN 1 AND 6", "a > 1 AND a <= 5", "a NOT BETWEEN 1 AND 5"],
    ["a NOT BETWEEN 1 AND 5", "a < 1 OR a > 5", "a <= 1 OR a > 5"],
    ["a BETWEEN SYMMETRIC 5 AND 1", "(a >= 5 AND a <= 1) OR (a >= 1 AND a <= 5)", "a BETWEEN 5 AND 1"],
    ["a <> 1", "a != 1", "a = 1"],
    ["cast(a as text) <> ''", "a::text <> ''", "a::varchar <> ''", "b::text <> ''"],
    ["b::varchar(3) <> ''", "CAST(b AS character varying(3)) <> ''", "b::varchar(4) <> ''"],
    ["a::numeric(5, 2) > 1", "(a)::decimal(5,2) > 1::numeric", "a::numeric(5, 1) > 1"],
    ["a > 1 AND (b <> '')", "((a) > (1)) and ((b) <> (''))", "a > 1 OR (b <> '')", "a > 1"],
    ["a > 1 OR b = 'X'", "A > 1\n  OR /* either */ B = 'X'", "a > 1 OR b = 'x'"],
    ["a > 1 AND a < 9 AND a <> 5", "(a > 1 AND (a < 9 AND (a <> 5)))", "a > 1 AND a < 9 OR a <> 5"],
    ["a > 1 AND flag OR a < 0", "(a > 1 AND flag) OR a < 0", "a > 1 AND (flag OR a < 0)"],
    ["a > 1\n-- at least\nAND a < 9", "a>1 AND a<9", "a > 1 -- AND a < 9"],
    ["a > 1 -- at least", "a > 1", "a > 2 -- at least"],
    ["a > 2 /* not /* yet */ a > 3 */", "(a > 2)", "a > 3 /* a > 2 */"],
    ["b LIKE 'x%'", "b ~~ 'x%'", "b ILIKE 'x%'", "b LIKE 'x_'", "b NOT LIKE 'x%'", "b = 'x%'"],
    ["b NOT LIKE 'x%'", "b !~~ 'x%'::text", "b LIKE 'x%'"],
    ["b ILIKE 'x%'", "b ~~* 'x%'", "b LIKE 'x%'"],
    ["b LIKE 'x!%' ESCAPE '!'", "b ~~ like_escape('x!%'::text, '!'::text)", "b LIKE 'x!%'"],
    ["b SIMILAR TO 'x|y'", "b ~ similar_to_escape('x|y'::text)", "b SIMILAR TO 'x|z'"],
    ["b LIKE ANY (ARRAY['x%', 'y%'])", "b ~~ ANY (ARRAY['x%'::text, 'y%'::text])", "b LIKE ALL (ARRAY['x%', 'y%'])"],
    ["b ~ '^[a-z]\\d+$'", "b ~ E'^[a-z]\\\\d+$'", "b ~* '^[a-z]\\d+$'", "b ~ '^[A-Z]\\d+$'"],
    ["b ~ $re$^'a'$re$", "b ~ '^''a'''", "b ~ $re$^'b'$re$"],
    ["b = 'a  b'", "(b = 'a  b'::text)", "b = 'a b'"],
    ["b = ' WHERE x '", "b = $$ WHERE x $$", "b = ' where x '"],
    ["b <> 'REFERENCES p (id)'", "NOT (b = 'REFERENCES p (id)')", "b = 'REFERENCES p (id)'"],
    ["length(b) > 1", "LENGTH( b ) > 1", "length(b) > 2", "octet_length(b) > 1"],
    ["char_length(b) > 1", "pg_catalog.char_length(b) > 1", "length(b) >= 1"],
    ["a > 3", "spelled.a > 3", "spelled.order > 3"],
    ["a > 4", 'spelled."a" > 4', '"order" > 4'],
    ["a IS NOT NULL", "(a IS NOT NULL)", "a IS NULL", "b IS NOT NULL"],
    ["a NOTNULL", "a IS NOT NULL", "a ISNULL"],
    ["NOT a IS NULL", "a IS NOT NULL", "a IS NULL"],
    ["a IS DISTINCT FROM 1", "(a is distinct from (1))", "a IS NOT DISTINCT FROM 1", "a <> 1"],
    ["a IS NOT DISTINCT FROM 1", "NOT (a IS DISTINCT FROM 1)", "a = 1"],
    ["NOT (a > 7)", "not a > 7", "a > 7"],
    ["NOT (a > 1 AND flag)", "not (a > 1 and flag)", "NOT a > 1 AND flag"],
    ["flag", "(flag)", "NOT flag"],
    ["flag IS TRUE", "flag is true", "flag", "flag IS NOT FALSE", "flag IS NOT TRUE"],
    ["flag IS UNKNOWN", "(flag IS UNKNOWN)", "flag IS NOT UNKNOWN"],
    ["(a, b) = (1, 'x')", "a = 1 AND b = 'x'::text", "(a, b) = (1, 'y')", "(a, b) <> (1, 'x')"],
    ['(a, "order") < (1, 2)', 'ROW(a, "order") < ROW(1, 2)', '(a, "order") <= (1, 2)', '("order", a) < (1, 2)'],
    ["state = 'ok'", "state = 'ok'::mood", "state = 'bad'", "state <> 'ok'"],
    ["state IN ('ok', 'bad')", "state = ANY ('{ok,bad}'::mood[])", "state IN ('ok')"],
    ["state::text LIKE 'o%'", "(state)::text ~~ 'o%'::text", "state::text LIKE 'b%'"],
    ["price > 0", "price > 0::numeric", "price >= 0", "price > 0.0"],
    ["price > 0.5", "price > '0.5'", "price > 5"],
    ["price >= 1e2", "price >= 100", "price >= 1e3"],
    ["price::int % 2 = 0", "((price)::integer % 2) = 0", "price::int % 3 = 0", "price::bigint % 2 = 0"],
    ["a * 2 + 1 > 3", "((a * 2) + 1) > 3", "a * (2 + 1) > 3"],
    ["-a < 0", "(- a) < 0", "a < 0"],
    ["a > -1", "a > '-1'::integer", "a > 1"],
    ["a & 1 = 0", "(a & 1) = 0", "a | 1 = 0", "a & (1 # 0) = 2"],
    ["a < 3000000000", "a < '3000000000'::bigint", "a < 3000000001"],
    ["coalesce(a, 0) > 0", "COALESCE (a,0) > 0", "coalesce(a, 1) > 0", "a > 0"],
    ["nullif(b, '') IS NOT NULL", "(NULLIF(b, ''::text) IS NOT NULL)", "nullif(b, 'x') IS NOT NULL"],
    ["greatest(a, 1) < 9", "GREATEST(a, 1) < 9", "least(a, 1) < 9"],
    ["num_nonnulls(a, b) = 1", "(NUM_NONNULLS(a, b)) = 1", "num_nulls(a, b) = 1"],
    ["CASE WHEN flag THEN a > 0 ELSE true END", "case when flag then a > 0 else TRUE end", "CASE WHEN flag THEN a > 0 END", "CASE WHEN NOT flag THEN a > 0 ELSE true END"],
    ["CASE a WHEN 1 THEN flag WHEN 2 THEN NOT flag END", "CASE a WHEN 1 THEN flag WHEN 2 THEN (NOT flag) ELSE NULL::boolean END", "CASE a WHEN 2 THEN flag WHEN 1 THEN NOT flag END"],
    ["at > '2020-01-01'", "at > timestamptz '2020-01-01'", "at > '2020-01-02'"],
    ["at > plain AT TIME ZONE 'utc'", "(at > (plain AT TIME ZONE 'utc'::text))", "at > plain AT TIME ZONE 'cet'"],
    ["extract(year FROM plain) > 2000", "EXTRACT('year' FROM plain) > (2000)::numeric", "extract(month FROM plain) > 2000"],
    ["at::date > '2020-01-01'", "CAST(at AS date) > '2020-01-01'::date", "at::date > '2020-01-02'"],
    ["plain > '2020-01-01'::timestamp + interval '1' day", "plain > ('2020-01-01 00:00:00'::timestamp without time zone + '1 day'::interval)", "plain > '2020-01-01'::timestamp + interval '2' day"],
    ["substring(b from 1 for 2) = 'ab'", "(SUBSTRING(b FROM 1 FOR 2) = 'ab'::text)", "substring(b from 2 for 2) = 'ab'"],
    ["position('x' in b) > 0", "POSITION(('x'::text) IN (b)) > 0", "position('y' in b) > 0"],
    ["trim(b) <> ''", "TRIM(BOTH FROM b) <> ''::text", "trim(leading from b) <> ''"],
    ["overlay(b placing 'x' from 1) <> ''", "OVERLAY(b PLACING 'x'::text FROM 1) <> ''", "overlay(b placing 'x' from 2) <> ''"],
    ["b COLLATE \"C\" > 'x'", "(b COLLATE pg_catalog.\"C\") > 'x'::text", "b > 'x'", "b COLLATE \"POSIX\" > 'x'"],
    ["c > 'x'", "(c > 'x'::text)", "b > 'x'", "c COLLATE \"default\" > 'x'"],
    ["d > 'x'", "(d > ('x'::text))", "c > 'x'", "d COLLATE plain > 'x'"],
    ["doc ? 'k'", "(doc ? 'k'::text)", "doc ? 'K'"],
    ["doc ?| ARRAY['a', 'b']", "doc ?| '{a,b}'", "doc ?& ARRAY['a', 'b']"],
    ["(doc ->> 'k') <> ''", "doc->>'k' <> ''", "(doc ->> 'K') <> ''"],
    ["doc #>> '{a,b}' = 'x'", "(doc #>> '{a,b}'::text[]) = 'x'::text", "doc #>> '{a,c}' = 'x'"],
    ["doc -> 'a' ->> 'b' = 'x'", "((doc -> 'a'::text) ->> 'b'::text) = 'x'", "doc -> 'b' ->> 'a' = 'x'"],
    ["doc -> 0 IS NULL", "((doc -> 0) IS NULL)", "doc -> '0' IS NULL"],
    ["doc @> '{\"a\": 1}'", "doc @> '{\"a\":1}'::jsonb", "doc @> '{\"a\": 2}'", "doc <@ '{\"a\": 1}'"],
    ["doc['a'] IS NOT NULL", "(doc['a'::text] IS NOT NULL)", "doc['b'] IS NOT NULL"],
    ["jsonb_typeof(doc) = 'object'", "pg_catalog.jsonb_typeof(doc) = 'object'::text", "jsonb_typeof(doc) = 'array'"],
    ["doc @? '$.a[*] ? (@ > 1)'", "doc @? '$.\"a\"[*]?(@ > 1)'", "doc @? '$.a[*] ? (@ > 2)'"],
    ["tags <@ ARRAY['x']", "tags <@ '{x}'", "tags <@ '{X}'", "tags @> '{x}'"],
    ["tags[1] <> ''", "(tags[1]) <> ''", "tags[2] <> ''"],
    ["tags[1:2] = '{a,b}'", "(tags[1:2]) = ARRAY['a', 'b']", "tags[1:3] = '{a,b}'"],
    ["cardinality(tags) < 5", "CARDINALITY(tags) < 5", "array_length(tags, 1) < 5"],
    ["'x' = ANY (tags)", "('x'::text = any(tags))", "'x' = ALL (tags)"],
    ["span && int4range(1, 5)", "span && '[1,5)'::int4range", "span && int4range(1, 6)"],
    ["NOT isempty(span)", "(not (isempty(span)))", "isempty(span)"],
    ["is_ok(a)", "public.is_ok(a)", "other.is_ok(a)", "a > 0", "is_ok(\"order\")"],
    ["\"Is Ok\"(what => a)", "public.\"Is Ok\"(a)", "\"Is Ok\"(what => \"order\")"],
    ["b OPERATOR(pg_catalog.=) 'x'", "b = 'x'", "b OPERATOR(pg_catalog.<>) 'x'"],
    ["spelled IS NOT NULL", "(spelled.* IS NOT NULL)", "spelled IS NULL"],
    ["\"Mixed Case\" > 0", '("Mixed Case" > 0)', "\"order\" > 0", "\"Mixed Case\" >= 0"],
    ['"order" > 0', 'spelled."order" > 0', "a > 0"],
    ["größe > 0", '"größe" > 0', "größe > 1"],
    ["period > 0", "spelled.period > 0", "period > 1"],
    ["md5(b) <> U&'\\0061'", "md5(b) <> 'a'", "md5(b) <> 'b'"],
    ["email::citext = 'X'", "(email)::ext.citext OPERATOR(ext.=) 'X'::ext.citext", "email::citext = 'x'", "email = 'X'"],
  ] },
  { kind: "check", title: "checks of newer servers", since: 16, of: [
    ["b IS JSON OBJECT", "(b is json object)", "b IS JSON ARRAY", "b IS NOT JSON OBJECT"],
    ["a < 0xFF", "a < 255", "a < 0xFE"],
  ] },
  { kind: "index", title: "indexes", of: [
    ["(a)", "USING btree (a)", "(b)", "(a DESC)", "UNIQUE (a)", "USING hash (a)", "(a, b)", "(a) WHERE a > 0"],
    ["(a)", "( A ASC NULLS LAST )", "(a NULLS FIRST)"],
    ["(a)", '("a" int4_ops)', "((a + 0))"],
    ["((a))", "(a)", "((-a))"],
    ["(a DESC)", "(a desc nulls first)", "(a DESC NULLS LAST)", "(a)"],
    ["(a NULLS FIRST)", "(a ASC NULLS FIRST)", "(a DESC NULLS FIRST)", "(a)"],
    ["(a DESC NULLS LAST, b)", "(a  DESC  NULLS  LAST,b ASC)", "(a DESC, b)", "(a DESC NULLS LAST, b DESC)"],
    ["(b)", "(b text_ops)", "(b text_pattern_ops)"],
    ["(b)", "(b pg_catalog.text_ops ASC)", '(b COLLATE "C")', "USING hash (b)"],
    ["(b)", '(b COLLATE "default")', '(b COLLATE "POSIX")'],
    ["(email)", "(email text_ops)", "(email varchar_pattern_ops)"],
    ["(email varchar_ops)", "(email varchar_ops)", "(email text_pattern_ops)"],
    ["(b text_pattern_ops)", "(b  TEXT_PATTERN_OPS asc)", "(b)", "(b text_pattern_ops DESC)"],
    ["(tags)", "(tags array_ops)", "USING gin (tags)"],
    ["(state)", "(state enum_ops)", "(state DESC)"],
    ["(a, b)", "(a,b)", "(b, a)", "(a)", "(a, b, price)", "(a) INCLUDE (b)"],
    ["UNIQUE (lower(email))", "unique ( LOWER( email ) )", "(lower(email))", "UNIQUE (email)", "UNIQUE (upper(email))"],
    ["(lower(email))", "((lower(email)))", "(lower(b))"],
    ["(lower(email))", "(lower(email::text) text_ops)", "(lower(email) text_pattern_ops)"],
    ["(coalesce(b, ''))", "((COALESCE(b, ''::text)))", "(coalesce(b, 'x'))"],
    ["(cast(a AS text))", "((a::text))", "(cast(a AS varchar))"],
    ["((a + 1))", "(( a+1 ) int4_ops)", "((a + 2))", "(a)"],
    ["((a + 1) DESC, b)", "((a+1) desc nulls first, b)", "((a + 1), b)"],
    ["((b || ' WHERE ' || c))", "(((b || ' WHERE '::text) || c))", "((b || ' where ' || c))"],
    ["(a) WHERE flag", "(a) WHERE (flag)", "(a) WHERE NOT flag", "(a)", "(a) WHERE flag IS TRUE"],
    ["(a) WHERE b <> 'x'", "(a) where ((b != 'x'::text))", "(a) WHERE b <> 'X'"],
    ["(a) WHERE b = ') INCLUDE (c'", "(a) WHERE b = E') INCLUDE (c'", "(a) WHERE b = ') INCLUDE (d'"],
    ["(a) WHERE a IN (1, 2)", "(a) WHERE a = ANY (ARRAY[1,2])", "(a) WHERE a IN (1, 3)"],
    ["(a) WHERE b IS NOT NULL AND NOT flag", "(a) WHERE ((b IS NOT NULL) AND (NOT flag))", "(a) WHERE b IS NOT NULL AND flag"],
    ["(a) WHERE deleted -- not yet\n IS NULL", "(a) WHERE deleted IS NULL", "(a) WHERE deleted IS NOT NULL"],
    ["(a) INCLUDE (b)", '(a) include ("b")', "(a)", "(a) INCLUDE (c)", "(a) INCLUDE (b, c)"],
    ["(a) INCLUDE (b, email)", "(a)INCLUDE(b,email)", "(a) INCLUDE (email)"],
    ['UNIQUE (a) INCLUDE ("Mixed Case") WHERE flag', 'UNIQUE(a)INCLUDE("Mixed Case")WHERE(flag)', 'UNIQUE (a) INCLUDE ("order") WHERE flag'],
    ["(a) WITH (fillfactor = 70)", "(a) with (fillfactor='70')", "(a) WITH (fillfactor = 80)", "(a)"],
    ["(a) WITH (fillfactor = 70) WHERE flag", "(a) WITH (FILLFACTOR=70) WHERE flag", "(a) WHERE flag"],
    ["(a) WITH (deduplicate_items = off, fillfactor = 50)", "(a) WITH (fillfactor = 50, deduplicate_items = off)", "(a) WITH (deduplicate_items = on, fillfactor = 50)"],
    ["(a) TABLESPACE pg_default", "(a)", "(a) TABLESPACE pg_default WHERE flag"],
    ["USING gin (doc)", "USING GIN (doc jsonb_ops)", "USING gin (doc jsonb_path_ops)"],
    ["USING gin (doc jsonb_path_ops)", "USING gin(doc  JSONB_PATH_OPS)", "USING gin (doc)"],
    ["USING gin (tags)", "using gin(tags array_ops)", "(tags)"],
    ["USING gin (tags) WITH (fastupdate = off)", "USING gin (tags) WITH (fastupdate=off)", "USING gin (tags)"],
    ["USING gin (b gin_trgm_ops)", 'USING gin (b ext."gin_trgm_ops")', "USING gist (b gist_trgm_ops)", "USING gin (tags)"],
    ["USING gist (b gist_trgm_ops(siglen = 32))", "USING gist (b ext.gist_trgm_ops (siglen='32'))", "USING gist (b gist_trgm_ops)", "USING gist (b gist_trgm_ops(siglen = 64))"],
    ["USING gist (search tsvector_ops(siglen=100))", "USING gist (search tsvector_ops ( siglen = '100' ))", "USING gist (search)", "USING gist (search tsvector_ops(siglen=101))"],
    ["USING gist (span)", "USING gist (span range_ops)", "USING spgist (span)"],
    ["USING hash (a)", "USING HASH (a)", "(a)"],
    ["USING brin (at)", "USING brin (at timestamptz_minmax_ops)", "USING brin (at timestamptz_bloom_ops)", "USING brin (at) WITH (pages_per_range = 64)"],
    ["USING brin (a int4_minmax_multi_ops(values_per_range=16))", "USING brin (a int4_minmax_multi_ops (values_per_range = 16))", "USING brin (a int4_minmax_multi_ops)", "USING brin (a int4_minmax_multi_ops(values_per_range=17))"],
    ["USING brin (a int4_bloom_ops(n_distinct_per_range = 100, false_positive_rate = 0.05))", "USING brin (a int4_bloom_ops(false_positive_rate=0.05, n_distinct_per_range=100))", "USING brin (a int4_bloom_ops(n_distinct_per_range = 100))"],
    ['USING btree (b COLLATE "C")', '(b COLLATE pg_catalog."C")', "(b)", '(b COLLATE "POSIX")'],
    ['(b COLLATE "C" text_pattern_ops DESC NULLS LAST)', '(b collate "C" text_pattern_ops desc nulls last)', '(b COLLATE "C" text_pattern_ops DESC)', "(b text_pattern_ops DESC NULLS LAST)"],
    ["(c)", '(c COLLATE "C")', '(c COLLATE "default")', "(b)"],
    ["(lower(c))", '(lower(c) COLLATE "C")', '(lower(c) COLLATE "POSIX")'],
    ["(d)", "(d COLLATE other.plain)", "(d COLLATE plain)", "(b COLLATE other.plain)"],
    ["(lower(d))", "(lower(d) COLLATE other.plain)", "(lower(d) COLLATE plain)"],
    ["(b) WHERE d > 'x'", "(b) WHERE d > 'x'::text", "(b) WHERE d > 'x' COLLATE plain"],
    ["(b COLLATE plain)", "(b COLLATE public.plain)", "(b COLLATE other.plain)", '(b COLLATE "C")'],
    ['("Mixed Case")', '( "Mixed Case" ASC )', '("order")', '("Mixed Case" DESC)'],
    ['("order", a)', '("order" NULLS LAST, a)', '(a, "order")'],
    ["(größe)", '("größe")', "(größe DESC)"],
    ["(period, a)", '("period", a)', "(a, period)"],
    ["((doc ->> 'k'))", "((doc->>'k'))", "((doc ->> 'K'))", "((doc -> 'k'))"],
    ["((doc ->> 'k') text_pattern_ops)", "((doc->>'k'::text) text_pattern_ops)", "((doc ->> 'k'))"],
    ["(date_trunc('day', plain))", "(DATE_TRUNC( 'day' , plain ))", "(date_trunc('week', plain))"],
    ["((at AT TIME ZONE 'utc'))", "((at AT TIME ZONE 'utc'::text))", "((at AT TIME ZONE 'cet'))"],
    ["(is_ok(a))", "(public.is_ok(a))", "(other.is_ok(a))", "((a > 0))"],
    ["((CASE WHEN flag THEN a END))", "((CASE WHEN flag THEN a ELSE NULL::integer END))", "((CASE WHEN flag THEN a ELSE 0 END))"],
    ["((NOT flag))", "(( not flag ))", "(flag)"],
    ["((email::citext))", "((email::ext.citext))", "(email)"],
    ["UNIQUE (a) WHERE flag", "UNIQUE (a) WHERE flag", "(a) WHERE flag"],
  ] },
  { kind: "index", title: "indexes of newer servers", since: 15, of: [
    ["UNIQUE (a)", "UNIQUE (a) NULLS DISTINCT", "UNIQUE (a) NULLS NOT DISTINCT"],
    ["UNIQUE (a, b) NULLS NOT DISTINCT WHERE flag", "UNIQUE (a,b)nulls not distinct where (flag)", "UNIQUE (a, b) WHERE flag"],
    ["UNIQUE (a) INCLUDE (b) NULLS NOT DISTINCT WITH (fillfactor = 70)", "UNIQUE (a) INCLUDE (b) NULLS  NOT  DISTINCT WITH (fillfactor=70)", "UNIQUE (a) INCLUDE (b) WITH (fillfactor = 70)"],
  ] },
  { kind: "unique", title: "unique constraints", of: [
    ["(a, b)", '("a",b)', "(b, a)", "(a)", "(a, b, c)", "(a) INCLUDE (b)"],
    ["(a) INCLUDE (b)", "( a ) INCLUDE ( b )", "(a)", "(a) INCLUDE (c)"],
    ["(a)", "(a) NOT DEFERRABLE INITIALLY IMMEDIATE", "(a) DEFERRABLE"],
    ["(a) DEFERRABLE", "(a) deferrable initially immediate", "(a) DEFERRABLE INITIALLY DEFERRED", "(a)"],
    ["(a) INITIALLY DEFERRED", "(a) DEFERRABLE INITIALLY DEFERRED", "(a) DEFERRABLE"],
    ["(a) WITH (fillfactor = 70)", "(a) WITH (fillfactor='70')", "(a)", "(a) WITH (fillfactor = 71)"],
    ["(a) INCLUDE (b) WITH (fillfactor=60) DEFERRABLE", "(a) INCLUDE (b) WITH (fillfactor = 60) DEFERRABLE", "(a) INCLUDE (b) WITH (fillfactor=60)"],
    ["(a) USING INDEX TABLESPACE pg_default", "(a)", "(b) USING INDEX TABLESPACE pg_default"],
    ['("Mixed Case")', '( "Mixed Case" )', '("order")'],
    ["(größe, period)", '("größe", "period")', "(period, größe)"],
  ] },
  { kind: "unique", title: "unique constraints of newer servers", since: 15, of: [
    ["NULLS NOT DISTINCT (a, b)", "nulls  not  distinct(a,b)", "(a, b)", "NULLS NOT DISTINCT (b, a)"],
    ["(a, b)", "NULLS DISTINCT (a, b)", "NULLS NOT DISTINCT (a, b)"],
    ["NULLS NOT DISTINCT (a) INCLUDE (b) DEFERRABLE", "NULLS NOT DISTINCT (a) INCLUDE (b) DEFERRABLE", "NULLS NOT DISTINCT (a) DEFERRABLE"],
  ] },
  { kind: "primary", title: "primary keys", of: [
    ["(a)", '( "a" )', "(b)", "(a, b)", "(a) INCLUDE (b)"],
    ["(a, b)", "(A,B)", "(b, a)", "(a)"],
    ["(a) INCLUDE (b)", "(a) include (b)", "(a)"],
    ["(a) DEFERRABLE", "(a) DEFERRABLE INITIALLY IMMEDIATE", "(a)", "(a) DEFERRABLE INITIALLY DEFERRED"],
    ["(a) WITH (fillfactor = 70)", "(a) WITH (FILLFACTOR = '70')", "(a)"],
    ['("Mixed Case", größe)', '("Mixed Case", "größe")', '("Mixed Case")'],
  ] },
  { kind: "foreign", title: "foreign keys", of: [
    ["(a) REFERENCES parent (id)", "(a) REFERENCES public.parent(id)", "(a) REFERENCES other.parent (id)", "(a) REFERENCES parent (other)", '("order") REFERENCES parent (id)'],
    ["(a) REFERENCES parent (id)", '("a") references "parent" ("id")', "(a) REFERENCES parent (id) ON DELETE CASCADE"],
    ["(a) REFERENCES parent (id)", "(a) REFERENCES parent (id) ON DELETE NO ACTION ON UPDATE no action", "(a) REFERENCES parent (id) ON DELETE RESTRICT"],
    ["(a) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE SET NULL", "(a) REFERENCES parent (id) on update set null on delete cascade", "(a) REFERENCES parent (id) ON DELETE CASCADE", "(a) REFERENCES parent (id) ON DELETE SET NULL ON UPDATE CASCADE"],
    ["(a) REFERENCES parent (id) ON DELETE SET DEFAULT", "(a) REFERENCES parent (id) ON DELETE  SET  DEFAULT", "(a) REFERENCES parent (id) ON DELETE SET NULL"],
    ["(a) REFERENCES parent (id) ON UPDATE RESTRICT", "(a) REFERENCES parent (id) ON UPDATE restrict", "(a) REFERENCES parent (id) ON UPDATE NO ACTION"],
    ["(a) REFERENCES parent (id)", "(a) REFERENCES parent (id) MATCH SIMPLE NOT DEFERRABLE", "(a) REFERENCES parent (id) MATCH FULL"],
    ["(a) REFERENCES parent (id) MATCH FULL", "(a) REFERENCES parent (id) match full", "(a) REFERENCES parent (id)"],
    ["(a) REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED", "(a) REFERENCES parent (id) INITIALLY DEFERRED DEFERRABLE", "(a) REFERENCES parent (id) DEFERRABLE", "(a) REFERENCES parent (id)"],
    ["(a, \"order\") REFERENCES pair (x, y)", "(a,\"order\") REFERENCES public.pair(x,y)", "(a, \"order\") REFERENCES pair (y, x)", "(\"order\", a) REFERENCES pair (x, y)"],
    ["(a) REFERENCES other.parent (id)", "(a) REFERENCES other.\"parent\" (id)", "(a) REFERENCES parent (id)"],
    ['("Mixed Case") REFERENCES "Odd.Parent" ("Its Id")', '("Mixed Case") REFERENCES public."Odd.Parent"("Its Id")', '("order") REFERENCES "Odd.Parent" ("Its Id")'],
    ["(a) REFERENCES spelled (own)", "(a) REFERENCES public.spelled(own)", "(a) REFERENCES parent (id)"],
  ] },
  { kind: "foreign", title: "foreign keys of newer servers", since: 15, of: [
    ["(a, \"order\") REFERENCES pair (x, y) ON DELETE SET NULL (a)", "(a, \"order\") REFERENCES pair (x, y) ON DELETE SET NULL ( \"a\" )", "(a, \"order\") REFERENCES pair (x, y) ON DELETE SET NULL", "(a, \"order\") REFERENCES pair (x, y) ON DELETE SET NULL (\"order\")"],
    ["(a, \"order\") REFERENCES pair (x, y) ON DELETE SET DEFAULT (a, \"order\")", "(a, \"order\") REFERENCES pair (x, y) ON DELETE SET DEFAULT (a,\"order\")", "(a, \"order\") REFERENCES pair (x, y) ON DELETE SET DEFAULT (a)"],
  ] },
  { kind: "foreign", title: "enforcement of foreign keys", since: 18, of: [
    ["(a) REFERENCES parent (id)", "(a) REFERENCES parent (id) ENFORCED", "(a) REFERENCES parent (id) NOT ENFORCED"],
    ["(a) REFERENCES parent (id) NOT ENFORCED", "(a) REFERENCES parent (id) not  enforced", "(a) REFERENCES parent (id)"],
  ] },
  { kind: "exclusion", title: "exclusion constraints", of: [
    ["USING gist (span WITH &&)", "using gist ( span range_ops with && )", "USING gist (span WITH =)", "USING spgist (span WITH &&)", "USING gist (span WITH &&) WHERE (flag)"],
    ["USING gist (span WITH &&)", "USING gist (span WITH OPERATOR(pg_catalog.&&))", "USING gist (span WITH -|-)"],
    ["USING gist (span WITH &&) WHERE (flag)", "USING gist (span WITH &&) WHERE ((flag))", "USING gist (span WITH &&) WHERE (NOT flag)", "USING gist (span WITH &&)"],
    ["USING gist (span WITH &&) DEFERRABLE INITIALLY DEFERRED", "USING gist (span WITH &&) INITIALLY DEFERRED", "USING gist (span WITH &&) DEFERRABLE"],
    ["USING gist (span WITH &&) WHERE (flag) DEFERRABLE", "USING gist (span WITH &&) WHERE (flag) DEFERRABLE INITIALLY IMMEDIATE", "USING gist (span WITH &&) WHERE (flag)"],
    ["USING gist (span WITH &&) INCLUDE (a)", "USING gist (span WITH &&) include (a)", "USING gist (span WITH &&)"],
    ["(a WITH =)", "USING btree (a WITH =)", "USING hash (a WITH =)", "(b WITH =)"],
    ["(a WITH =, b WITH =)", "USING btree (a with =,b with =)", "(b WITH =, a WITH =)", "(a WITH =)"],
    ["(lower(b) WITH =)", "(LOWER(b) WITH =)", "(upper(b) WITH =)"],
    ['(b COLLATE "C" WITH =)', '(b collate "C" with =)', "(b WITH =)"],
    ["(b text_pattern_ops WITH =)", "(b pg_catalog.text_pattern_ops WITH =)", "(b WITH =)"],
    ["(a DESC WITH =)", "(a desc nulls first WITH =)", "(a WITH =)"],
    ["USING gist ((int4range(a, a + 9)) WITH &&)", "USING gist (int4range(a, (a + 9)) WITH &&)", "USING gist ((int4range(a, a + 8)) WITH &&)"],
    ["USING gist (a WITH =, span WITH &&)", "USING gist (a ext.gist_int4_ops WITH =, span WITH &&)", "USING gist (a WITH <>, span WITH &&)"],
    ["USING gist (span WITH &&) WITH (fillfactor = 60)", "USING gist (span WITH &&) WITH (fillfactor=60)", "USING gist (span WITH &&)"],
  ] },
];

const COLUMNS: Record<string, string> = {
  a: "int",
  b: "text",
  c: 'text COLLATE "C"',
  d: "text COLLATE other.plain",
  email: "varchar(50)",
  price: "numeric",
  flag: "boolean",
  at: "timestamptz",
  plain: "timestamp",
  deleted: "date",
  tags: "text[]",
  doc: "jsonb",
  state: "mood",
  span: "int4range",
  search: "tsvector",
  period: "int",
  größe: "int",
  "Mixed Case": "int",
  order: "int",
  own: "int",
};

/** What the spellings name, beside the columns of their table. */
const SETUP = `
  CREATE SCHEMA other;
  CREATE SCHEMA ext;
  CREATE EXTENSION citext SCHEMA ext;
  CREATE EXTENSION pg_trgm SCHEMA ext;
  CREATE EXTENSION btree_gist SCHEMA ext;
  CREATE TYPE mood AS ENUM ('ok', 'bad');
  CREATE TYPE other.mood AS ENUM ('ok', 'bad');
  CREATE TYPE "Mixed Mood" AS ENUM ('ok', 'Ok');
  CREATE TYPE "a.b" AS ENUM ('ok');
  CREATE TYPE "a""b" AS ENUM ('ok');
  CREATE TYPE größe AS ENUM ('ok');
  CREATE TYPE hours AS RANGE (SUBTYPE = time);
  CREATE DOMAIN short AS varchar(9);
  CREATE DOMAIN other.short AS varchar(9);
  CREATE COLLATION plain FROM "C";
  CREATE COLLATION other.plain FROM "C";
  CREATE DOMAIN binary_text AS text COLLATE "C";
  CREATE DOMAIN plain_text AS text COLLATE plain;
  CREATE SEQUENCE numbers;
  CREATE SEQUENCE other.numbers;
  CREATE SEQUENCE "Odd Numbers";
  CREATE FUNCTION next_id() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION other.next_id() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION "Next Id"("from" int, step int) RETURNS int LANGUAGE sql
    AS 'SELECT $1 * 10 + $2';
  CREATE FUNCTION is_ok(what int) RETURNS bool LANGUAGE sql IMMUTABLE
    AS 'SELECT what > 0';
  CREATE FUNCTION other.is_ok(what int) RETURNS bool LANGUAGE sql IMMUTABLE
    AS 'SELECT what > 0';
  CREATE FUNCTION "Is Ok"(what int) RETURNS bool LANGUAGE sql IMMUTABLE
    AS 'SELECT what > 0';
  CREATE TABLE parent (id int PRIMARY KEY, other int UNIQUE);
  CREATE TABLE other.parent (id int PRIMARY KEY, other int);
  CREATE TABLE pair (x int, y int, PRIMARY KEY (x, y), UNIQUE (y, x));
  CREATE TABLE "Odd.Parent" ("Its Id" int PRIMARY KEY);`;

/** A spelling with its place and the name that stands for it. */
interface Case {
  kind: keyof typeof KINDS;
  name: string;
  text: Spelling;
}

function casesOf(major: Major): Case[] {
  return LISTS.filter(({ since = 14 }) => since <= major)
    .flatMap(({ kind, of }) => of.map((text) => ({ kind, text })))
    .map((spelling, i) => ({ ...spelling, name: `s${i}` }));
}

/** The table of a case: a primary key needs one of its own. */
function tableOf({ kind, name }: Case): string {
  return kind === "primary" ? `table_${name}` : "spelled";
}

/** The columns of a table as the cases have them, by what each says. */
function columnsOf(cases: Case[], say: (text: Spelling) => string) {
  const own = cases.filter(({ kind }) => kind === "column")
    .map(({ name, text }) => [name, say(text)]);
  return { ...COLUMNS, ...Object.fromEntries(own) };
}

/** The steps of all cases, with what `say` takes of each. */
function stepsOf(cases: Case[], say: (text: Spelling) => string): string {
  const call = (name: string, ...args: string[]) =>
    `${name}(${args.map((arg) => JSON.stringify(arg)).join(", ")}),`;
  const columns = JSON.stringify(columnsOf(cases, say));
  return [
    `createTable("spelled", ${columns}),`,
    call("addUnique", "spelled", "spelled_own_key", "(own)"),
    ...cases.map((one) => {
      const builder = KINDS[one.kind][0];
      const table = tableOf(one);
      const made = one.kind === "primary"
        ? `createTable("${table}", ${JSON.stringify(COLUMNS)}),`
        : "";
      return builder && made + call(builder, table, one.name, say(one.text));
    }),
  ].join("\n");
}

/** The same, as a person makes them. */
function ddlOf(cases: Case[]): string {
  const table = (name: string, columns: Record<string, string>) =>
    `CREATE TABLE ${name} (${
      Object.entries(columns).map(([name, text]) => `"${name}" ${text}\n`)
    });`;
  return [
    table("spelled", columnsOf(cases, ([, database]) => database)),
    "ALTER TABLE spelled ADD UNIQUE (own);",
    ...cases.map((one) => {
      const { kind, name, text: [, text] } = one;
      const word = KINDS[kind][1];
      if (kind === "column") return "";
      if (kind === "index") {
        const [, unique = "", rest] = /^(unique\b)?([^]*)$/i.exec(text)!;
        return `CREATE ${unique} INDEX ${name} ON spelled ${rest};`;
      }
      const made = kind === "primary" ? table(tableOf(one), COLUMNS) : "";
      const said = kind === "check" ? `(${text}\n)` : text;
      return `${made} ALTER TABLE ${
        tableOf(one)
      } ADD CONSTRAINT ${name} ${word} ${said};`;
    }),
  ].join("\n");
}

const detailed = ["--dry-run", "--detailed-exitcode"];

/** What a dry run says of each case, by its name. */
async function told(options: SyncOptions) {
  const { code, stdout, stderr } = await sync(detailed, options);
  assert.ok(code === 0 || code === 2, stderr + stdout);
  const lines = [...stdout.matchAll(/^ {2}([ℹ⚠]) (\S.*?) {2,}(.*)$/gm)];
  return new Map(
    lines.map(([, mark, object = "", text]) => [
      object.replace("spelled.", ""),
      `${mark} ${text}`,
    ]),
  );
}

/** Fails for each case of which a dry run says what it should not. */
async function check(
  options: SyncOptions,
  cases: Case[],
  say: (text: Spelling) => string,
  differs: boolean,
) {
  const steps = (options.steps ?? "") + stepsOf(cases, say);
  const lines = await told({ ...options, steps });
  const wrong = cases.filter(({ name }) => lines.has(name) !== differs);
  const shown = wrong.map(({ kind, name, text }) =>
    `${kind} ${say(text)} is ${differs ? "" : "not "}${text[1]}: ` +
    (lines.get(name) ?? "nothing is told")
  );
  assert.deepEqual(shown, []);
  for (const { name } of cases) lines.delete(name);
  assert.deepEqual([...lines], []);
}

const written = ([step]: Spelling) => step;
const other = ([, database]: Spelling) => database;

/** Every change of every case, or but the first of each. */
async function checkChanges(options: SyncOptions, cases: Case[], all: boolean) {
  for (let n = 2, some; (some = cases.filter((c) => c.text[n])).length; n++) {
    if (n > 2 && !all) return;
    await check(options, some, (text) => text[n] ?? "", true);
  }
}

async function apply(options: SyncOptions, steps: string) {
  const { code, stdout, stderr } = await sync(["--apply"], {
    ...options,
    steps,
  });
  assert.equal(code, 0, stdout + stderr);
}

for (const major of MAJORS) {
  Deno.test(`another spelling is no difference, and a change is one, on ${major}`, async () => {
    const cases = casesOf(major);
    const ends = major === MAJORS[0] || major === MAJORS.at(-1);
    await onServer(major, async (url, sql) => {
      await sql.unsafe(SETUP).simple();
      // An apply looks again at its end: what it wrote is as it was written.
      await apply({ url }, stepsOf(cases, written));
      await check({ url }, cases, other, false);
      await checkChanges({ url }, cases, ends);
    });
    if (!ends) return;
    await onServer(major, async (url, sql) => {
      await sql.unsafe(SETUP + ddlOf(cases)).simple();
      await check({ url }, cases, written, false);
    });
  });
}

Deno.test("another spelling is no difference, and a change is one, on PGlite", async () => {
  const directory = await Deno.makeTempDir({ prefix: "pglite-" });
  // The project's flags let it write to one directory alone.
  const options = { url: `pglite:${directory}/db`, permissions: ["-A"] };
  const setup = SETUP.split(/;(?:\n|$)/).map((sql) => sql.trim()).filter(
    Boolean,
  );
  const steps = ["citext", "pg_trgm", "btree_gist"].map((name) =>
    `createExtension("${name}")`
  );
  const before = `step("setup", { check: "to_regclass('pair') IS NOT NULL",
    alter: ${JSON.stringify(setup)} }), ${steps},`;
  const cases = casesOf(16);
  try {
    await apply(options, before);
    await apply(options, before + stepsOf(cases, written));
    await check({ ...options, steps: before }, cases, other, false);
    await checkChanges({ ...options, steps: before }, cases, false);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
