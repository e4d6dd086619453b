-- A job queue: states, retries, notifications, throughput, what is finished.
CREATE TYPE job_state AS ENUM ('available', 'running', 'retryable', 'done');
CREATE TYPE attempt AS (at timestamptz, worker text, error text);
CREATE SEQUENCE job_numbers AS integer MAXVALUE 999999 CYCLE;
CREATE TABLE queues (
  name text PRIMARY KEY CHECK (name ~ '^[a-z_]+$'),
  paused_at timestamptz,
  concurrency integer NOT NULL DEFAULT 10 CHECK (concurrency BETWEEN 1 AND 1000)
);
CREATE TABLE jobs (
  id bigserial PRIMARY KEY,
  number integer NOT NULL DEFAULT nextval('job_numbers'),
  queue text NOT NULL DEFAULT 'default' REFERENCES queues ON UPDATE CASCADE,
  kind varchar(128) NOT NULL,
  args jsonb NOT NULL DEFAULT '{}',
  state job_state NOT NULL DEFAULT 'available',
  priority smallint NOT NULL DEFAULT 1,
  run_at timestamptz NOT NULL DEFAULT now(),
  attempts attempt[] NOT NULL DEFAULT '{}',
  max_attempts smallint NOT NULL DEFAULT 25,
  locked_by text,
  tags varchar(255)[] NOT NULL DEFAULT ARRAY[]::varchar(255)[],
  unique_key bytea,
  CONSTRAINT jobs_priority_check CHECK (priority >= 1 AND priority <= 4),
  CONSTRAINT jobs_are_locked_while_they_run
    CHECK ((state = 'running') = (locked_by IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 1000);
CREATE INDEX jobs_fetch_idx ON jobs (queue, priority, run_at, id)
  WHERE state IN ('available', 'retryable');
CREATE UNIQUE INDEX jobs_unique_key ON jobs (unique_key)
  WHERE unique_key IS NOT NULL AND state <> 'done';
CREATE INDEX jobs_args_idx ON jobs USING gin (args);
CREATE INDEX jobs_kind_idx ON jobs (lower(kind) COLLATE "C" text_pattern_ops, id DESC);
ALTER TABLE jobs ALTER args SET COMPRESSION pglz, ALTER queue SET STATISTICS 1000;
CREATE UNLOGGED TABLE workers (
  name text PRIMARY KEY,
  seen_at timestamptz NOT NULL DEFAULT now(),
  running integer NOT NULL DEFAULT 0
);
CREATE TABLE job_logs (
  job_id bigint NOT NULL,
  line text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
) PARTITION BY HASH (job_id);
CREATE TABLE job_logs_0 PARTITION OF job_logs FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE job_logs_1 PARTITION OF job_logs FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE FUNCTION jobs_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('jobs', json_build_object('queue', queue, 'n', count(*))::text)
  FROM added GROUP BY queue;
  RETURN NULL;
END
$$;
CREATE TRIGGER notify AFTER INSERT ON jobs REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION jobs_notify();
CREATE FUNCTION fetch_jobs(queue_name text, worker text, INOUT n integer DEFAULT 1,
  OUT job jobs) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
  FOR job IN UPDATE jobs SET state = 'running', locked_by = worker
    WHERE id IN (SELECT id FROM jobs WHERE queue = queue_name
      AND state IN ('available', 'retryable') AND run_at <= now()
      ORDER BY priority, run_at, id LIMIT n FOR UPDATE SKIP LOCKED) RETURNING *
  LOOP RETURN NEXT; END LOOP;
END
$$;
CREATE FUNCTION backoff(tries integer) RETURNS interval LANGUAGE sql
  IMMUTABLE STRICT PARALLEL SAFE COST 5 AS 'SELECT make_interval(secs => tries ^ 4)';
CREATE PROCEDURE clean_up(older interval DEFAULT '1 day') LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM jobs WHERE state = 'done' AND run_at < now() - older;
  COMMIT;
END $$;
CREATE AGGREGATE longest(interval) (
  SFUNC = interval_larger, STYPE = interval, COMBINEFUNC = interval_larger,
  PARALLEL = SAFE);
CREATE VIEW waiting AS
  SELECT j.queue, count(*) FILTER (WHERE j.priority = 1) AS urgent, count(*) AS all,
    longest(now() - j.run_at) AS longest
  FROM jobs j JOIN queues q ON q.name = j.queue AND q.paused_at IS NULL
  WHERE j.state = 'available' AND j.kind NOT IN ('ping', 'test')
  GROUP BY j.queue HAVING count(*) > 0 ORDER BY count(*) DESC LIMIT 100;
CREATE VIEW running AS SELECT id, queue, kind, locked_by FROM jobs
  WHERE state = 'running' WITH LOCAL CHECK OPTION;
CREATE RULE no_delete AS ON DELETE TO running DO INSTEAD
  UPDATE jobs SET state = 'retryable', locked_by = NULL WHERE id = OLD.id;
CREATE MATERIALIZED VIEW throughput AS
  SELECT date_trunc('hour', run_at) AS hour, queue, count(*) AS jobs,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY cardinality(attempts)) AS tries
  FROM jobs WHERE state = 'done' GROUP BY 1, 2 WITH NO DATA;
CREATE UNIQUE INDEX throughput_key ON throughput (hour, queue);
CREATE STATISTICS jobs_queue_state (mcv, dependencies) ON queue, state FROM jobs;
ALTER TABLE jobs REPLICA IDENTITY USING INDEX jobs_pkey;
COMMENT ON TABLE jobs IS 'One row for each job; done ones stay a day';
COMMENT ON INDEX jobs_fetch_idx IS 'Of fetch_jobs()';
COMMENT ON TRIGGER notify ON jobs IS 'Wakes workers';
COMMENT ON FUNCTION fetch_jobs(text, text, integer) IS 'Locks what it returns';
COMMENT ON TYPE job_state IS 'Of a job''s life';
GRANT SELECT, UPDATE (paused_at) ON queues TO scaffold_app;
GRANT EXECUTE ON PROCEDURE clean_up(interval) TO scaffold_app WITH GRANT OPTION;
GRANT USAGE, SELECT ON SEQUENCE job_numbers TO scaffold_app;
