-- A company's 150 tables: fifteen departments, each with ten tables alike.
CREATE TYPE step AS ENUM ('new', 'open', 'closed');
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql
  AS $$ BEGIN NEW.changed_at := now(); RETURN NEW; END $$;
CREATE TABLE companies (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name varchar(200) NOT NULL UNIQUE
);
DO $$
DECLARE
  department text; kind text; before text; made text;
BEGIN
  FOREACH department IN ARRAY ARRAY['sales', 'buying', 'stock', 'hr', 'pay',
    'bank', 'tax', 'fleet', 'plant', 'quality', 'support', 'legal', 'web',
    'travel', 'asset']
  LOOP
    before := 'companies';
    FOREACH kind IN ARRAY ARRAY['units', 'partners', 'items', 'orders', 'lines',
      'moves', 'notes', 'files', 'rates', 'plans']
    LOOP
      made := department || '_' || kind;
      CONTINUE WHEN made = 'asset_plans';
      EXECUTE format('CREATE TABLE %1$I (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        company_id integer NOT NULL REFERENCES companies,
        parent_id %3$s REFERENCES %2$I ON DELETE CASCADE,
        code varchar(40) NOT NULL,
        state step NOT NULL DEFAULT %4$L,
        amount numeric(12,2) NOT NULL DEFAULT 0,
        changed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT %5$I UNIQUE (company_id, code),
        CONSTRAINT %6$I CHECK (amount >= 0 OR state IN (%4$L, %7$L)))',
        made, before, CASE before WHEN 'companies' THEN 'integer' ELSE 'bigint' END,
        'new', made || '_code_key', made || '_amount_check', 'open');
      EXECUTE format('CREATE INDEX %I ON %I (parent_id) WHERE state <> %L',
        made || '_parent_idx', made, 'closed');
      before := made;
    END LOOP;
    EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON %I FOR EACH ROW
      EXECUTE FUNCTION touch()', department || '_orders');
    EXECUTE format('CREATE VIEW %I AS SELECT o.id, o.code, sum(l.amount) AS total
      FROM %I o JOIN %I l ON l.parent_id = o.id WHERE o.state = %L
      GROUP BY o.id, o.code', department || '_open', department || '_orders',
      department || '_lines', 'open');
    EXECUTE format('COMMENT ON TABLE %I IS %L', department || '_units',
      'Where ' || department || ' is done');
  END LOOP;
END $$;
