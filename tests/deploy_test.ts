/**
 * Deploy files: which commands change the schema by themselves, and which
 * only look so. All cases of a kind are one project, read by one process.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname!, "..");

/** The commands that one form of file holds, each on a line of its own. */
interface Case {
  file: string;
  text: string;
  /** What is found, as "line command"; a script's begin with its name. */
  finds?: string[];
}

/** Commands that change a schema, and how they are told. */
const CHANGES: [command: string, told: string][] = [
  ["alembic upgrade head", "alembic upgrade"],
  ["alembic -c prod.ini -x tenant=a upgrade head", "alembic upgrade"],
  ["alembic --raiseerr downgrade -1", "alembic downgrade"],
  ["python -m alembic upgrade head", "alembic upgrade"],
  ["poetry run alembic upgrade head", "alembic upgrade"],
  ["uv run --frozen alembic upgrade head", "alembic upgrade"],
  ["pipenv run alembic upgrade head", "alembic upgrade"],
  ["./.venv/bin/alembic upgrade head", "alembic upgrade"],
  ["python manage.py migrate --noinput", "manage.py migrate"],
  ["./manage.py migrate", "manage.py migrate"],
  ["django-admin migrate", "django-admin migrate"],
  ["FLASK_APP=app flask db upgrade", "flask db upgrade"],
  ["python3 -m flask --app web db upgrade", "flask db upgrade"],
  ["aerich upgrade", "aerich upgrade"],
  ["yoyo apply --batch", "yoyo apply"],
  ["npx prisma migrate deploy", "prisma migrate deploy"],
  ["npx --yes prisma@6.1.0 migrate deploy", "prisma migrate deploy"],
  ["pnpm exec prisma db push --accept-data-loss", "prisma db push"],
  [
    "node_modules/.bin/prisma --schema x migrate deploy",
    "prisma migrate deploy",
  ],
  ["npx prisma migrate --schema=x deploy", "prisma migrate deploy"],
  ["npx --yes drizzle-kit push", "drizzle-kit push"],
  ["pnpm dlx drizzle-kit push:pg", "drizzle-kit push:pg"],
  ["yarn drizzle-kit migrate", "drizzle-kit migrate"],
  ["bunx drizzle-kit migrate", "drizzle-kit migrate"],
  ["deno run -A npm:drizzle-kit@0.31 push", "drizzle-kit push"],
  ["npx sequelize-cli db:migrate --env production", "sequelize-cli db:migrate"],
  ["npx sequelize db:migrate", "sequelize db:migrate"],
  ["knex --knexfile db.js migrate:latest", "knex migrate:latest"],
  ["typeorm migration:run -d dist/data.js", "typeorm migration:run"],
  [
    "npx typeorm-ts-node-commonjs migration:run",
    "typeorm-ts-node-commonjs migration:run",
  ],
  [
    "ts-node ./node_modules/typeorm/cli.js migration:run",
    "typeorm migration:run",
  ],
  ["npx mikro-orm migration:up", "mikro-orm migration:up"],
  ["node ace migration:run --force", "ace migration:run"],
  ["npx payload migrate", "payload migrate"],
  ["npx node-pg-migrate up", "node-pg-migrate up"],
  ["db-migrate up --env prod", "db-migrate up"],
  ["bundle exec rails db:migrate", "rails db:migrate"],
  ["bin/rails db:prepare", "rails db:prepare"],
  ["bundle exec rake RAILS_ENV=production db:migrate", "rake db:migrate"],
  ["rails db:schema:load", "rails db:schema:load"],
  ["php artisan migrate --force", "artisan migrate"],
  [
    "php bin/console doctrine:migrations:migrate -n",
    "console doctrine:migrations:migrate",
  ],
  ["mix ecto.migrate", "mix ecto.migrate"],
  ["MIX_ENV=prod mix do ecto.create, ecto.migrate", "mix ecto.migrate"],
  ["dotnet ef database update", "dotnet ef database update"],
  ['goose -dir sql postgres "user=a dbname=b" up', "goose up"],
  ["go run github.com/pressly/goose/v3/cmd/goose@latest up", "goose up"],
  ["migrate -path db -database $DATABASE_URL up", "migrate up"],
  [
    'docker run --network host migrate/migrate:v4 -path=/m -database "$URL" up 2',
    "migrate up",
  ],
  ["dbmate --url $URL up", "dbmate up"],
  ["flyway -url=jdbc:postgresql://db/x -password=p migrate", "flyway migrate"],
  ["docker run --rm flyway/flyway:10 migrate", "flyway migrate"],
  ["./gradlew --no-daemon :app:flywayMigrate", "gradlew :app:flywayMigrate"],
  ["mvn -B flyway:migrate", "mvn flyway:migrate"],
  ["liquibase --changelog-file=c.xml update", "liquibase update"],
  ["atlas migrate apply --env prod", "atlas migrate apply"],
  ["atlas schema apply -u $URL --auto-approve", "atlas schema apply"],
  ["sqitch deploy db:pg:x", "sqitch deploy"],
  ["sqlx migrate run", "sqlx migrate run"],
  ["cargo sqlx database setup", "sqlx database setup"],
  ["diesel migration run", "diesel migration run"],
  ["sea-orm-cli migrate", "sea-orm-cli migrate"],
  ["psqldef -U postgres app < schema.sql", "psqldef app"],
  ["supabase db push", "supabase db push"],
  ["pgroll start m.json --complete", "pgroll start"],
  ["yarn workspace db prisma migrate deploy", "prisma migrate deploy"],
  ["npm --prefix db exec -- prisma migrate deploy", "prisma migrate deploy"],
  ["psql -f db/schema.sql", "psql -f db/schema.sql"],
  [
    'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 --file=structure.sql',
    "psql --file=structure.sql",
  ],
  [
    "psql $URL -1Xqf migrations/001_users.sql",
    "psql -1Xqf migrations/001_users.sql",
  ],
  ["psql app < schema.sql", "psql <schema.sql"],
  ["cat db/schema.sql | psql app", "psql <db/schema.sql"],
  ["cat a.sql schema.sql | docker exec -i db psql", "psql <schema.sql"],
  [
    'for f in migrations/*.sql; do psql -qf "$f"; done',
    "psql -qf migrations/*.sql",
  ],
  ["FILE=db/structure.sql; psql -f ${FILE}", "psql -f db/structure.sql"],
  // How a shell wraps them.
  ["echo $'it\\'s'; alembic upgrade head", "alembic upgrade"],
  ["echo 'x' $(( 1 << 2 )) && alembic upgrade head", "alembic upgrade"],
  ["X=$(case a in a) echo 1;; esac); alembic upgrade head", "alembic upgrade"],
  ["for i in 1 2; do alembic upgrade head; done", "alembic upgrade"],
  ["test 1 -gt 0 && alembic upgrade head >/dev/null 2>&1 &", "alembic upgrade"],
  ['echo "$( (true); alembic upgrade head)"', "alembic upgrade"],
  ["find . -name x -exec alembic upgrade head \\;", "alembic upgrade"],
  ["su - app -c 'alembic upgrade head'", "alembic upgrade"],
  ['"$VENV/bin/alembic" upgrade head', "alembic upgrade"],
  ["npm ci && npx prisma migrate deploy && npm start", "prisma migrate deploy"],
  ["test -f x || alembic upgrade head", "alembic upgrade"],
  ["cd api; alembic upgrade head", "alembic upgrade"],
  ["yes | npx prisma db push", "prisma db push"],
  ["alembic upgrade head | tee log", "alembic upgrade"],
  ["(cd api && alembic upgrade head)", "alembic upgrade"],
  ["(cd api;alembic upgrade head)&", "alembic upgrade"],
  ["{ alembic upgrade head; }", "alembic upgrade"],
  ["if true; then alembic upgrade head; fi", "alembic upgrade"],
  ["! alembic upgrade head", "alembic upgrade"],
  ["until alembic upgrade head; do sleep 1; done", "alembic upgrade"],
  ['sh -c "alembic upgrade head"', "alembic upgrade"],
  ["bash -lc 'cd x && exec alembic upgrade head'", "alembic upgrade"],
  ['sh -c "sh -c \\"alembic upgrade head\\""', "alembic upgrade"],
  ["time alembic upgrade head", "alembic upgrade"],
  ["exec alembic upgrade head", "alembic upgrade"],
  ["env A=1 B=2 alembic upgrade head", "alembic upgrade"],
  ["sudo -u app -E alembic upgrade head", "alembic upgrade"],
  ["timeout 300 alembic upgrade head", "alembic upgrade"],
  ["A=1 B='x y' alembic upgrade head", "alembic upgrade"],
  ['"alembic" \'upgrade\' he"ad"', "alembic upgrade"],
  ["ale\\mbic upgrade head", "alembic upgrade"],
  ['OUT="$(alembic upgrade head 2>&1)"', "alembic upgrade"],
  ['echo "done: $(echo "a)"; alembic upgrade head)"', "alembic upgrade"],
  ["OUT=`alembic upgrade head`", "alembic upgrade"],
  [">log 2>&1 alembic upgrade head", "alembic upgrade"],
  ["echo a#b; alembic upgrade head # now", "alembic upgrade"],
  ["echo ${A:-x y} ${#B}; alembic upgrade head", "alembic upgrade"],
  ["./wait-for-it.sh db:5432 -- alembic upgrade head", "alembic upgrade"],
  ["dockerize -wait tcp://db:1 -- npx prisma db push", "prisma db push"],
  ["docker compose run --rm web alembic upgrade head", "alembic upgrade"],
  ["kubectl exec deploy/web -- alembic upgrade head", "alembic upgrade"],
  ["heroku run -a app alembic upgrade head", "alembic upgrade"],
  ["ssh host 'cd /app && alembic upgrade head'", "alembic upgrade"],
  ['fly ssh console -C "alembic upgrade head"', "alembic upgrade"],
  ["cross-env A=1 dotenv -e .env -- prisma db push", "prisma db push"],
  ['concurrently "prisma migrate deploy" "vite"', "prisma migrate deploy"],
  ["eval 'alembic upgrade head'", "alembic upgrade"],
  ["case $1 in (x|'y)') alembic upgrade head;; esac", "alembic upgrade"],
  ["function up { alembic upgrade head; }", "alembic upgrade"],
  ["up() ( alembic upgrade head )", "alembic upgrade"],
  [
    "[[ -f a && -n b || c == (d|e) ]] && alembic upgrade head",
    "alembic upgrade",
  ],
  ["(( a < b )) && alembic upgrade head", "alembic upgrade"],
  ['X="$(echo "$(alembic upgrade "$(y)")")"', "alembic upgrade"],
  ["echo ${X:-$(alembic upgrade head)}", "alembic upgrade"],
  ["echo `echo \\`alembic upgrade head\\``", "alembic upgrade"],
  ["diff <(alembic upgrade head) x", "alembic upgrade"],
  ["coproc alembic upgrade head", "alembic upgrade"],
  ["time -p alembic upgrade head", "alembic upgrade"],
  ["A[1]=x alembic upgrade head", "alembic upgrade"],
  ['UP=(alembic upgrade head); "${UP[@]}"', "alembic upgrade"],
  ["bash <<< 'alembic upgrade head'", "alembic upgrade"],
  ["psql <<< '\\i schema.sql'", "psql <schema.sql"],
  ["cat schema.sql | envsubst | psql", "psql <schema.sql"],
  ["(echo 'BEGIN;'; cat schema.sql) | psql", "psql <schema.sql"],
  ["F=schema.sql; cat $F | (cd x && psql)", "psql <schema.sql"],
  ["export F=schema.sql; psql -f $F", "psql -f schema.sql"],
  // What is no shell's, or is broken, hides nothing behind it.
  [
    "echo ${{ '}' }} ${{ x || 'y' }} && alembic upgrade head",
    "alembic upgrade",
  ],
  ["then alembic upgrade head", "alembic upgrade"],
  ["&& alembic upgrade head", "alembic upgrade"],
  ["x ;; alembic upgrade head", "alembic upgrade"],
  ["{% if x %}; fi; alembic upgrade head", "alembic upgrade"],
  ["for x (a b) { alembic upgrade head }", "alembic upgrade"],
  ["(( x; alembic upgrade head", "alembic upgrade"],
  ['echo "$(alembic upgrade head', "alembic upgrade"],
];

/** Commands that only look like it. */
const HARMLESS = [
  "alembic revision -m upgrade --autogenerate",
  'alembic revision -m "then upgrade head"',
  "alembic history",
  "alembic current",
  "alembic check",
  "alembic upgrade --help",
  "alembic upgrade head --sql",
  "alembic --version",
  "alembic upgrade -h",
  "drizzle-kit generate",
  "drizzle-kit check",
  "drizzle-kit studio",
  "npx drizzle-kit --help push",
  "prisma generate",
  "npx prisma format",
  "prisma db pull",
  "prisma db seed",
  "prisma migrate status",
  "prisma migrate diff --from-empty",
  'echo "run alembic upgrade head"',
  "echo alembic upgrade head",
  "echo -- alembic upgrade head",
  "printf '%s\\n' 'alembic upgrade head'",
  "echo done # alembic upgrade head",
  "# alembic upgrade head",
  "echo it\\'s; # alembic upgrade head",
  "git commit -m 'alembic upgrade head'",
  "grep -r 'alembic upgrade head' docs",
  "pip install alembic",
  "poetry add alembic",
  "npm install -D prisma drizzle-kit",
  "go install github.com/sqldef/sqldef/cmd/psqldef@latest",
  "cargo install diesel_cli sqlx-cli",
  "docker pull flyway/flyway",
  "docker compose up -d migrate",
  "docker compose --profile migrate up -d",
  "docker compose -f migrate.yml up",
  "docker build -t migrate .",
  "python manage.py makemigrations --check",
  "python manage.py migrate --check",
  "python manage.py runserver",
  "flask db migrate -m upgrade",
  "rails db:seed",
  "rails db:migrate:status",
  "rails generate migration AddColumn",
  "npx sequelize db:migrate:status",
  "npx sequelize migration:generate --name x",
  "knex migrate:make upgrade",
  "knex migrate:status",
  "typeorm migration:generate x",
  "typeorm migration:show",
  "php artisan migrate:status",
  "php artisan make:migration x",
  "mix ecto.gen.migration x",
  "dotnet ef migrations add x",
  "goose status",
  "migrate create -ext sql -dir db up",
  "dbmate status",
  "flyway info",
  "liquibase update-sql",
  "liquibase status",
  "atlas migrate diff x",
  "atlas schema inspect -u $URL",
  "atlas migrate apply --dry-run",
  "psqldef app --dry-run < schema.sql",
  "supabase db diff",
  "sqlx prepare",
  "diesel print-schema",
  "sea-orm-cli migrate status",
  "npm run migrate",
  "yarn migrate",
  "deno task sync --apply",
  "./sync-production-schema.ts --apply",
  "deno run -A sync-production-schema.ts --apply",
  "psql -c 'SELECT 1'",
  "psql -f seed.sql",
  "cat seed.sql | psql app",
  "for f in seeds/*.sql; do psql -f $f; done",
  "cat schema.sql | wc -l; psql -f seed.sql",
  "psql app < report.sql",
  "pg_dump --schema-only -f schema.sql",
  "prisma migrate dev",
  "./sync-production-schema.ts --dry-run --allow rewrite",
  "deno run --allow-net --allow-read sync-production-schema.ts --apply",
  "python -c \"print('alembic upgrade head')\"",
  "node -e \"console.log('prisma migrate deploy')\"",
  "MESSAGE='alembic upgrade head' npm start",
  "cat alembic upgrade.txt",
  "echo ${{ github.event.head_commit.message || 'alembic upgrade head' }}",
  "echo ${X:-alembic upgrade head}",
  "prisma-client-lib migrate deploy",
  "cat <<< 'alembic upgrade head'",
  'echo "unterminated; alembic upgrade head',
  "echo x > 'alembic upgrade head' 2>&1",
  "echo x >alembic upgrade head",
  "make migrate",
  "[[ -f alembic && upgrade ]]",
  "case alembic in upgrade) ;; esac",
  "declare -A X=([alembic]=upgrade)",
  "cat schema.sql && psql -f seed.sql",
  "{ cat schema.sql; psql -f seed.sql; } | cat",
];

const lines = (...all: string[]) => all.join("\n") + "\n";

/** One shape of file each, with a right line for what stands in it. */
const FILES: Case[] = [
  {
    file: "Procfile",
    text: lines(
      "# release: alembic upgrade head",
      "web: gunicorn app",
      "release: python -m alembic upgrade head",
    ),
    finds: ["3 alembic upgrade"],
  },
  {
    file: "package.json",
    text: JSON.stringify(
      {
        name: "prisma migrate deploy",
        description: "prisma migrate deploy",
        scripts: {
          "//db": "prisma migrate deploy",
          build: "tsc && prisma generate",
          start: "prisma migrate deploy && node .",
          other: "prisma migrate deploy && node .",
        },
        prisma: { seed: "prisma db push" },
      },
      null,
      "\t",
    ),
    finds: ["7 prisma migrate deploy", "8 prisma migrate deploy"],
  },
  {
    file: "apps/web/package.json",
    text: '{"scripts":{"db":"drizzle-kit push"}}',
    finds: ["1 drizzle-kit push"],
  },
  {
    file: "deno.jsonc",
    text: lines(
      "{",
      "  // alembic upgrade head",
      '  "tasks": {',
      '    "a": "deno run -A npm:drizzle-kit migrate", /* so */',
      '    "b": {',
      '      "description": "runs drizzle-kit push",',
      '      "command": "drizzle-kit push", // "x"',
      "    },",
      '    "c": "curl https://x.example/a"',
      "  },",
      "}",
    ),
    finds: ["4 drizzle-kit migrate", "7 drizzle-kit push"],
  },
  {
    file: ".github/workflows/deploy.yml",
    text: lines(
      "name: alembic upgrade head",
      "on: push",
      "env:",
      "  run: alembic upgrade head",
      "jobs:",
      "  deploy:",
      "    steps:",
      "      - name: alembic upgrade head",
      "        run: echo hello",
      "      - run: |",
      "          # alembic upgrade head",
      "          pip install -r requirements.txt",
      "",
      "          alembic \\",
      "            upgrade head",
      "      - run: >-",
      "          npx",
      "          prisma migrate deploy",
      '      - run: "flask',
      '          db upgrade"',
      "      # - run: alembic upgrade head",
      "      - uses: actions/x@v1",
      "        with:",
      "          run: alembic upgrade head",
      "      - run: ./ops/release.sh",
    ),
    finds: [
      "14 alembic upgrade",
      "18 prisma migrate deploy",
      "19 flask db upgrade",
    ],
  },
  {
    file: ".github/actions/db/action.yaml",
    text: lines(
      "description: alembic upgrade head",
      "runs:",
      "  using: composite",
      "  steps:",
      "    - shell: bash",
      "      run: alembic upgrade head",
    ),
    finds: ["6 alembic upgrade"],
  },
  {
    file: "ops/release.sh",
    text: lines(
      "#!/usr/bin/env bash",
      "set -e",
      "cat <<EOF > notes",
      "alembic upgrade head",
      "EOF",
      "migrate() {",
      "  # dbmate up",
      "  echo 'dbmate up'",
      "  dbmate up",
      "}",
      "cat <<-'X' | cat <<Y; goose up",
      "  goose up",
      "  X",
      "sqitch deploy",
      "Y",
      "ssh host bash <<'EOF'",
      "cd /app",
      "diesel migration run",
      "EOF",
      ". bin/more",
      "case $1 in",
      "  up) sqlx migrate run ;;",
      "esac",
      "echo 'several",
      "lines'",
      "supabase db push",
      "psql <<'SQL'",
      "\\i db/schema.sql",
      "SQL",
      "echo $(( 1 << 2 ))",
      "cat <<-EOF > notes",
      "\tgoose up",
      "\t$(dbmate up)",
      "\tEOF",
      "X=`echo \\$1",
      "flyway migrate`",
      "fi",
      "prisma db push",
    ),
    finds: [
      "9 dbmate up",
      "11 goose up",
      "18 diesel migration run",
      "22 sqlx migrate run",
      "26 supabase db push",
      "27 psql <db/schema.sql",
      "33 dbmate up",
      "36 flyway migrate",
      "38 prisma db push",
    ],
  },
  {
    file: "bin/more",
    text: lines("export A=1", "alembic upgrade head"),
    finds: ["2 alembic upgrade"],
  },
  {
    file: "Dockerfile",
    text: lines(
      "# RUN alembic upgrade head",
      "FROM --platform=linux/amd64 python:3.12 AS base",
      "RUN cat <<<'EOF'",
      "RUN --mount=type=cache,target=/x \\  ",
      "    pip install alembic && \\",
      "    # dbmate up",
      "    alembic upgrade head",
      "RUN <<EOF",
      "echo goose up",
      "goose up",
      "EOF",
      "COPY <<EOF /run.sh",
      "RUN sqitch deploy",
      "EOF",
      "LABEL note='alembic upgrade head'",
      "HEALTHCHECK --interval=5s CMD sqlx migrate run",
      'ENTRYPOINT ["npx", "--yes", "prisma"]',
      "COPY docker/start.sh /app/start.sh",
      'CMD ["migrate", "deploy"]',
      "ENTRYPOINT exec /app/start.sh",
      "run dbmate up",
      'CMD ["sh", "-c", "flask db upgrade && exec gunicorn"]',
      'SHELL ["alembic", "upgrade", "head"]',
      "LABEL note=prisma",
      "RUN alembic \\  ",
      "  upgrade head",
      "RUN ./bin/serve && ./bin/release && python bin/main.py",
    ),
    finds: [
      "7 alembic upgrade",
      "10 goose up",
      "16 sqlx migrate run",
      "19 prisma migrate deploy",
      "21 dbmate up",
      "22 flask db upgrade",
      "25 alembic upgrade",
    ],
  },
  {
    file: "docker/start.sh",
    text: lines("python manage.py migrate", 'exec "$@"'),
    finds: ["1 manage.py migrate"],
  },
  {
    file: "db/flyway.Dockerfile",
    text: lines("FROM flyway/flyway:10", 'CMD ["-X", "migrate"]'),
    finds: ["2 flyway migrate"],
  },
  {
    file: "compose.prod.yaml",
    text: lines(
      "x-web: &web",
      "  command: alembic upgrade head",
      "services:",
      "  web:",
      "    <<: *web",
      "    image: app",
      "  db:",
      "    image: flyway/flyway:10",
      "    command: -url=jdbc:postgresql://db/x migrate",
      "  list:",
      "    image: node:22",
      "    command:",
      "      - npx",
      "      - prisma",
      "      - migrate",
      "      - deploy",
      "  shell:",
      '    entrypoint: ["sh", "-c"]',
      '    command: ["goose up"]',
      "  entry:",
      "    entrypoint: [dbmate]",
      "    command: [up]",
      "  fine:",
      "    environment: { NOTE: alembic upgrade head }",
      "    labels: [alembic upgrade head]",
    ),
    finds: [
      "2 alembic upgrade",
      "9 flyway migrate",
      "14 prisma migrate deploy",
      "19 goose up",
      "22 dbmate up",
    ],
  },
  {
    file: "railway.json",
    text: JSON.stringify(
      {
        build: { buildCommand: "npx prisma generate" },
        deploy: {
          startCommand: "alembic upgrade head && gunicorn",
          preDeployCommand: ["npx prisma migrate deploy"],
        },
      },
      null,
      2,
    ),
    finds: ["6 alembic upgrade", "8 prisma migrate deploy"],
  },
  {
    file: "api/railway.toml",
    text: lines(
      "[build]",
      'buildCommand = "npm run build" # alembic upgrade head',
      "[deploy]",
      '# startCommand = "alembic upgrade head"',
      'startCommand = """',
      'alembic upgrade head"""',
    ),
    finds: ["6 alembic upgrade"],
  },
  {
    file: "fly.toml",
    text: lines(
      'app = "alembic upgrade head"',
      "[env]",
      'release_command = "dbmate up"',
      "[deploy]",
      "  release_command = 'dbmate up'",
      "[processes]",
      'web = "npm start"',
      'worker = "sh -c \\"goose up\\""',
    ),
    finds: ["5 dbmate up", "8 goose up"],
  },
  {
    file: "render.yaml",
    text: lines(
      "services:",
      "  - type: web",
      "    name: alembic upgrade head",
      "    buildCommand: pip install alembic",
      "    preDeployCommand: alembic upgrade head",
    ),
    finds: ["5 alembic upgrade"],
  },
  {
    file: "heroku.yml",
    text: lines(
      "release:",
      "  command:",
      "    - ./nothing.sh",
      "    - rails db:migrate",
      "run:",
      "  web: puma",
      "  worker:",
      "    command: [rake db:prepare]",
    ),
    finds: ["4 rails db:migrate", "8 rake db:prepare"],
  },
  {
    file: "app.json",
    text: '{ "scripts": {\n"postdeploy": "rails db:schema:load" } }',
    finds: ["2 rails db:schema:load"],
  },
  {
    file: "vercel.json",
    text: '{ "buildCommand": "prisma migrate deploy && next build" }',
    finds: ["1 prisma migrate deploy"],
  },
  {
    file: "web/netlify.toml",
    text: '[build]\ncommand = "drizzle-kit push"',
    finds: ["2 drizzle-kit push"],
  },
  {
    file: ".gitlab-ci.yml",
    text: lines(
      "deploy:",
      "  script:",
      "    - echo goose up",
      "    - goose up",
    ),
    finds: ["4 goose up"],
  },
  {
    file: "bin/release",
    text: lines("#!/bin/sh -e", "alembic upgrade head"),
    finds: ["2 alembic upgrade"],
  },
  {
    file: "worker/Procfile",
    text: "\uFEFFa: goose up\r\nb: dbmate up\r\n",
    finds: ["1 goose up", "2 dbmate up"],
  },
  {
    file: "ops/unused.sh",
    text: "alembic upgrade head\n",
    finds: ["1 alembic upgrade"],
  },
  {
    file: "Jenkinsfile",
    text: lines(
      "// sh 'alembic upgrade head'",
      "/* sh 'alembic upgrade head' */",
      "pipeline { stages {",
      "  stage('Note') { steps { echo 'alembic upgrade head' } }",
      "  stage('Deploy') { steps {",
      "    sh 'npx prisma migrate deploy'",
      '    sh(returnStatus: true, script: "goose up")',
      '    sh """',
      "      cd api",
      '      sh -c \\"dbmate up\\"',
      '    """',
      "    bat label: 'x', script: 'flask db upgrade'",
      "    sh 'alembic upgrade head' // sync-ignore: another database",
      "  } }",
      "  stage('Test') { steps { sh 'alembic upgrade head' } }",
      "} }",
    ),
    finds: [
      "6 prisma migrate deploy",
      "7 goose up",
      "10 dbmate up",
      "12 flask db upgrade",
    ],
  },
  {
    file: "Makefile",
    text: lines(
      "RUN := alembic upgrade head",
      ".PHONY: deploy",
      "deploy: build",
      "\t@echo alembic upgrade head",
      "\t@-alembic upgrade head",
      "\tX=$$(pwd) && cd api && \\",
      "\t  goose up",
      "dev:",
      "\tdbmate up",
      "db/reset-local:",
      "\tdbmate drop",
      "release: build ; @dbmate up",
      "seed: ; psql -f seed.sql",
    ),
    finds: ["5 alembic upgrade", "7 goose up", "12 dbmate up"],
  },
  {
    file: "ops/justfile",
    text: lines(
      "# goose up",
      "deploy env='prod': build",
      "  @goose up",
      "test:",
      "  goose up",
    ),
    finds: ["3 goose up"],
  },
  {
    file: ".circleci/config.yml",
    text: lines(
      "jobs:",
      "  release:",
      "    environment: { run: goose up }",
      "    steps:",
      "      - checkout",
      "      - run: goose up",
      "      - run:",
      "          name: dbmate up",
      "          command: |",
      "            # dbmate up",
      "            dbmate up",
      "      - when:",
      "          steps: [{ run: alembic upgrade head }]",
      "  test:",
      "    steps: [{ run: alembic upgrade head }]",
    ),
    finds: ["6 goose up", "11 dbmate up", "13 alembic upgrade"],
  },
  {
    file: "Taskfile.yml",
    text: lines(
      "tasks:",
      "  release:",
      "    desc: goose up",
      "    cmds: [goose up, { cmd: dbmate up }]",
      "  dev: { cmds: [sqitch deploy] }",
    ),
    finds: ["4 dbmate up", "4 goose up"],
  },
  {
    file: ".github/workflows/ssh.yml",
    text: "jobs: {a: {steps: [{with: {script: cd x && goose up}}]}}\n",
    finds: ["1 goose up"],
  },
  {
    file: "azure-pipelines.yml",
    text: lines(
      "stages:",
      "  - stage: a",
      "    jobs:",
      "      - deployment: b",
      "        displayName: goose up",
      "        strategy: { runOnce: { deploy: { steps: [",
      "          { script: goose up, displayName: dbmate up },",
      "          { bash: dbmate up },",
      "          { task: AzureCLI@2, inputs: { inlineScript: diesel setup } },",
      "          ] } } }",
    ),
    finds: ["7 goose up", "8 dbmate up", "9 diesel setup"],
  },
  {
    file: "bitbucket-pipelines.yml",
    text: lines(
      "pipelines:",
      "  branches:",
      "    main:",
      "      - step:",
      "          name: goose up",
      "          script:",
      "            - npm ci",
      "            - goose up",
      "          after-script: [dbmate up]",
    ),
    finds: ["8 goose up", "9 dbmate up"],
  },
  {
    file: "cloudbuild.yaml",
    text: lines(
      "steps:",
      "  - name: gcr.io/x/app",
      "    entrypoint: npx",
      "    args: [prisma, migrate, deploy]",
      "  - name: flyway/flyway",
      "    args: [migrate]",
      "  - name: bash",
      "    script: goose up",
      "  - name: gcr.io/cloud-builders/docker",
      "    args: [build, -t, migrate, .]",
      "substitutions: { _NOTE: goose up }",
    ),
    finds: ["4 prisma migrate deploy", "6 flyway migrate", "8 goose up"],
  },
  {
    file: "nixpacks.toml",
    text: lines(
      "[phases.build]",
      'cmds = ["npm run build", "npx prisma generate"]',
      "[phases.release]",
      'cmds = ["true", "goose up"]',
      "[start]",
      "cmd = 'dbmate up && node .'",
      "[variables]",
      "NOTE = 'goose up'",
    ),
    finds: ["4 goose up", "6 dbmate up"],
  },
  {
    file: "k8s/job.yaml",
    text: lines(
      "apiVersion: batch/v1",
      "kind: Job",
      "metadata: { annotations: { command: goose up } }",
      "spec:",
      "  template:",
      "    spec:",
      "      initContainers:",
      "        - image: app",
      "          command: [sh, -c]",
      "          args:",
      "            - alembic upgrade head",
      "      containers:",
      "        - image: app",
      "          # sync-ignore: the queue has its own tables",
      "          command: [goose, up]",
      "        - image: app",
      "          command: [goose]",
      "          args: [up]",
    ),
    finds: ["11 alembic upgrade", "18 goose up"],
  },
  {
    file: "charts/app/templates/hook.yaml",
    text: lines(
      "{{- if .Values.migrate }}",
      "apiVersion: v1",
      "kind: Pod",
      'metadata: { name: "{{ .Release.Name }}-db" }',
      "spec:",
      "  containers:",
      "    - image: {{ .Values.image }}",
      '      command: ["rails", "db:migrate"]',
      "{{- end }}",
    ),
    finds: ["8 rails db:migrate"],
  },
  {
    file: "deploy/excused.sh",
    text: lines(
      "# sync-ignore: the warehouse is another database",
      "goose up",
      "dbmate up # sync-ignore: so is this one",
      "# sync-ignore:",
      "alembic upgrade head",
      "sqitch deploy",
    ),
    finds: ["5 alembic upgrade", "6 sqitch deploy"],
  },
  // Nothing of these is run by a shell, is the project's own, or deploys.
  { file: "scripts/dev.sh", text: "alembic upgrade head\n" },
  { file: "scripts/reset_local.sh", text: "alembic upgrade head\n" },
  { file: "compose.override.yml", text: "services: {a: {command: goose up}}" },
  {
    file: "docker-compose.dev.yml",
    text: "services: {a: {command: goose up}}",
  },
  { file: "Dockerfile.dev", text: "RUN alembic upgrade head\n" },
  { file: "deploy/README.md", text: "    alembic upgrade head\n" },
  { file: "k8s/values.yaml", text: "containers: [{ command: [goose, up] }]" },
  { file: "web/package.json", text: '{"scripts":{"db:dev":"goose up"}}' },
  {
    file: "bin/serve",
    text: lines("#!/usr/bin/env python3", "alembic upgrade head"),
  },
  { file: "bin/main.py", text: "alembic upgrade head\n" },
  { file: "README.md", text: "alembic upgrade head\n" },
  { file: "Dockerfile.dockerignore", text: "RUN alembic upgrade head\n" },
  { file: "node_modules/x/package.json", text: '{"scripts":{"a":"goose up"}}' },
  { file: "tests/package.json", text: '{"scripts":{"a":"goose up"}}' },
  { file: "docs/other.yml", text: "run: alembic upgrade head\n" },
];

/** Files that cannot be read, and where. */
const MALFORMED: Case[] = [
  { file: "package.json", text: '{\n  "scripts": {\n    "a": \n  }\n}\n' },
  { file: "compose.yml", text: "services:\n  a: [1\n  b: 2\n" },
  { file: "deno.json", text: '{ "tasks": {},\n  "a": 1 "b": 2 }\n' },
  { file: "fly.toml", text: "app = 1\n[deploy\n" },
  { file: "a/package.json", text: "" },
  { file: "b/Procfile", text: "" },
  { file: "c/compose.yml", text: "" },
  { file: "d/package.json", text: '{ "scripts": { "a": 1, "b": null } }' },
  { file: "e/package.json", text: "null" },
  { file: "f/package.json", text: '{ "scripts": { "a": "x", "a": "y" } }' },
];

Deno.test("commands that change the schema are found, each on its line", async () => {
  const text = lines(...CHANGES.map(([command]) => `x: ${command}`));
  const { messages } = await alone([{ file: "Procfile", text }]);
  assert.deepEqual(
    messages,
    CHANGES.map(([, told], i) => wrong(`Procfile:${i + 1}`, told)),
  );
});

Deno.test("commands that change nothing are let through", async () => {
  const text = lines(...HARMLESS.map((command) => `x: ${command}`));
  const { messages, told } = await alone([{ file: "Procfile", text }]);
  assert.deepEqual(messages, []);
  assert.equal(told, "1 deploy file runs no migration tool");
});

Deno.test("each form of deploy file is read for what it runs", async () => {
  const { messages } = await alone(FILES);
  const wanted = FILES.flatMap(({ file, finds = [] }) =>
    finds.map((find) => {
      const [line, ...told] = find.split(" ");
      return wrong(`${file}:${line}`, told.join(" "));
    })
  );
  assert.deepEqual(messages.sort(), wanted.sort());
});

Deno.test("a file that cannot be read is a problem with its line", async () => {
  const { messages, told } = await alone(MALFORMED);
  assert.deepEqual(messages, [
    "a/package.json:1 cannot be read: Unexpected end of JSON input",
    "compose.yml:3 cannot be read: Flow sequence in block collection must " +
    "be sufficiently indented and end with a ]",
    "deno.json:2 cannot be read: Expected ',' or '}' after property value",
    "fly.toml:2 cannot be read: Invalid TOML document: illegal character in key",
    "package.json:4 cannot be read: Unexpected token '}'",
  ]);
  assert.equal(told, `${MALFORMED.length} deploy files run no migration tool`);
});

function wrong(place: string, told: string): string {
  return `${place} runs ${told}: only the sync script may change the schema; ` +
    'run it there with --apply instead, or say why in "# sync-ignore: …" above';
}

Deno.test("what a person must allow is not allowed in a deploy file", async () => {
  const text = lines(
    "a: ./sync-production-schema.ts --apply --allow rewrite",
    "b: deno task sync --apply --allow=drop:users",
    "c: npx -y deno run -A sync-production-schema.ts --allow conflict --apply",
    "d: sh -c './sync-production-schema.ts --apply --allow blocking'",
  );
  const { messages } = await alone([{ file: "Procfile", text }]);
  assert.deepEqual(
    messages,
    ["rewrite", "drop:users", "conflict", "blocking"].map((hazard, i) =>
      `Procfile:${i + 1} applies with --allow${
        i === 1 ? "=" : " "
      }${hazard}: ` +
      "nobody looks there at what it lets pass; leave it out, and allow the " +
      "hazard once, by hand"
    ),
  );
});

/** What the verifier says of a project with these files. */
async function alone(cases: Case[]) {
  const directory = await Deno.makeTempDir();
  try {
    for (const { file, text } of cases) {
      const path = join(directory, file);
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeTextFile(path, text);
    }
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", `--config=${join(root, "deno.json")}`],
        ...[join(root, "verify-sync-script.ts"), "--static", "--format=json"],
        ...["--script", join(root, "sync-production-schema.ts")],
        ...["--models", join(root, "schema.ts")],
      ],
      cwd: directory,
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.ok(text, new TextDecoder().decode(stderr));
    const { checks } = JSON.parse(text);
    const check = checks.find(({ name }: { name: string }) => name === "alone");
    const messages: string[] = check.problems
      .map(({ message }: { message: string }) => message);
    return { messages, told: check.text };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
