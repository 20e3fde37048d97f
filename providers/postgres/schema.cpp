#include "providers/postgres/schema.hpp"

#include <string_view>

#include "providers/postgres/connection.hpp"

namespace switchyard::providers::postgres {

namespace {

// @schema@ stands for the quoted schema, @schema_text@ and @channel@ for literals.

constexpr std::string_view preamble =
    R"sql(-- switchyard's tables. Run with: switchyard sql | psql -v ON_ERROR_STOP=1
-- Running it again is safe: rows stay, functions, triggers and grants are renewed.
BEGIN;
SET LOCAL client_min_messages = warning;

DO $do$
BEGIN
  -- CREATE SCHEMA IF NOT EXISTS would need the privilege to create even when there is nothing to do.
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = @schema_text@) THEN
    CREATE SCHEMA @schema@;
  END IF;
END
$do$;
)sql";

// Else the triggers would break what another application writes into its table.
constexpr std::string_view foreign_tables = R"sql(
DO $do$
DECLARE
  other text;
BEGIN
  SELECT format('%I.%I has no column %I', wanted.schema, wanted.relation, wanted.attribute)
    INTO other
    FROM (SELECT @schema_text@::name AS schema, split_part(w, '.', 1)::name AS relation,
                 split_part(w, '.', 2)::name AS attribute
            FROM unnest(ARRAY['backends.name', 'servers.backend', 'servers.name', 'servers.ip',
                              'servers.port', 'routes.host', 'routes.path', 'routes.backend']) AS w)
           AS wanted
    JOIN pg_catalog.pg_class AS c ON c.relname = wanted.relation
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = wanted.schema
   WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                      WHERE a.attrelid = c.oid AND a.attname = wanted.attribute
                        AND NOT a.attisdropped)
   LIMIT 1;
  IF other IS NOT NULL THEN
    RAISE EXCEPTION '%: it is no table of switchyard', other
      USING HINT = 'Keep its tables in a schema of their own: switchyard sql --schema switchyard';
  END IF;
END
$do$;
)sql";

constexpr std::string_view tables = R"sql(
CREATE TABLE IF NOT EXISTS @schema@.backends (
  name text COLLATE "C" PRIMARY KEY
    CONSTRAINT backends_name CHECK (name ~ '^[A-Za-z0-9_.:-]{1,128}$'),
  mode text DEFAULT 'http' CONSTRAINT backends_mode CHECK (mode IN ('http', 'tcp')),
  balance text DEFAULT 'roundrobin' CONSTRAINT backends_balance
    CHECK (balance IN ('roundrobin', 'leastconn', 'random', 'source', 'uri')),
  protocol text DEFAULT 'auto' CONSTRAINT backends_protocol CHECK (protocol IN ('auto', 'h1', 'h2')),
  options jsonb DEFAULT '{}'
    CONSTRAINT backends_options CHECK (jsonb_typeof(options) = 'object')
);

-- No foreign key to backends: a backend without a row of its own has the default settings.
CREATE TABLE IF NOT EXISTS @schema@.servers (
  backend text COLLATE "C" NOT NULL
    CONSTRAINT servers_backend CHECK (backend ~ '^[A-Za-z0-9_.:-]{1,128}$'),
  name text COLLATE "C" NOT NULL
    CONSTRAINT servers_name CHECK (name ~ '^[A-Za-z0-9_.:-]{1,128}$'),
  ip inet
    CONSTRAINT servers_ip CHECK (masklen(ip) = CASE family(ip) WHEN 4 THEN 32 ELSE 128 END),
  fqdn text
    CONSTRAINT servers_fqdn CHECK (octet_length(fqdn) <= 253 AND fqdn ~ '^[A-Za-z0-9_.-]+$'),
  port integer NOT NULL CONSTRAINT servers_port CHECK (port BETWEEN 1 AND 65535),
  weight integer DEFAULT 100 CONSTRAINT servers_weight CHECK (weight BETWEEN 0 AND 256),
  state text DEFAULT 'ready' CONSTRAINT servers_state CHECK (state IN ('ready', 'drain', 'maint')),
  backup boolean DEFAULT false,
  maxconn integer DEFAULT 0 CONSTRAINT servers_maxconn CHECK (maxconn >= 0),
  options jsonb DEFAULT '{}'
    CONSTRAINT servers_options CHECK (jsonb_typeof(options) = 'object'),
  PRIMARY KEY (backend, name),
  CONSTRAINT servers_one_address CHECK (num_nonnulls(ip, fqdn) = 1)
);

CREATE TABLE IF NOT EXISTS @schema@.routes (
  host text COLLATE "C" NOT NULL DEFAULT '' CONSTRAINT routes_host
    CHECK (host = '' OR (octet_length(host) <= 253 AND
           host ~ '^(\*\.)?[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$')),
  path text COLLATE "C" NOT NULL DEFAULT '/' CONSTRAINT routes_path
    CHECK (octet_length(path) <= 1024 AND path ~ '^/([A-Za-z0-9/._~!$&()*+,=:@%-]*[^/])?$'),
  backend text COLLATE "C" NOT NULL
    CONSTRAINT routes_backend CHECK (backend ~ '^[A-Za-z0-9_.:-]{1,128}$'),
  PRIMARY KEY (host, path)
);
)sql";

// What a payload must stay below is 8000 bytes: a longer one would fail the writer's transaction.
constexpr std::string_view backends_function = R"sql(
CREATE OR REPLACE FUNCTION @schema@.switchyard_notify_backends() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
  names text[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    names := ARRAY(SELECT DISTINCT name::text FROM new_rows LIMIT 1001);
  ELSIF TG_OP = 'DELETE' THEN
    names := ARRAY(SELECT DISTINCT name::text FROM old_rows LIMIT 1001);
  ELSIF TG_OP = 'UPDATE' THEN
    names := ARRAY(SELECT name::text FROM new_rows
                   UNION SELECT name::text FROM old_rows LIMIT 1001);
  END IF;
  IF TG_OP = 'TRUNCATE' OR cardinality(names) > 1000
     OR EXISTS (SELECT FROM unnest(names) AS n WHERE octet_length(n) > 7000) THEN
    PERFORM pg_notify(TG_ARGV[0], '*');
  ELSE
    PERFORM pg_notify(TG_ARGV[0], n) FROM unnest(names) AS n;
  END IF;
  RETURN NULL;
END
$function$;
)sql";

// Few servers are named one by one, so that what did not change need not be read again. More than
// 1000 payloads are not worth their sending: backends are named then as by the function above.
constexpr std::string_view servers_function = R"sql(
CREATE OR REPLACE FUNCTION @schema@.switchyard_notify_servers() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
  payloads text[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    payloads := ARRAY(SELECT @payloads@ FROM (
        SELECT DISTINCT backend::text AS b, name::text AS s FROM new_rows) AS touched
      GROUP BY b LIMIT 1001);
    IF cardinality(payloads) > 1000 THEN
      payloads := ARRAY(SELECT DISTINCT backend::text FROM new_rows LIMIT 1001);
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    payloads := ARRAY(SELECT @payloads@ FROM (
        SELECT DISTINCT backend::text AS b, name::text AS s FROM old_rows) AS touched
      GROUP BY b LIMIT 1001);
    IF cardinality(payloads) > 1000 THEN
      payloads := ARRAY(SELECT DISTINCT backend::text FROM old_rows LIMIT 1001);
    END IF;
  ELSIF TG_OP = 'UPDATE' THEN
    payloads := ARRAY(SELECT @payloads@ FROM (
        SELECT backend::text AS b, name::text AS s FROM new_rows
        UNION SELECT backend::text, name::text FROM old_rows) AS touched
      GROUP BY b LIMIT 1001);
    IF cardinality(payloads) > 1000 THEN
      payloads := ARRAY(SELECT backend::text FROM new_rows
                        UNION SELECT backend::text FROM old_rows LIMIT 1001);
    END IF;
  END IF;
  IF TG_OP = 'TRUNCATE' OR cardinality(payloads) > 1000
     OR EXISTS (SELECT FROM unnest(payloads) AS p WHERE octet_length(p) > 7000) THEN
    PERFORM pg_notify(TG_ARGV[0], '*');
  ELSE
    PERFORM pg_notify(TG_ARGV[0], p) FROM unnest(payloads) AS p;
  END IF;
  RETURN NULL;
END
$function$;
)sql";

// Of one backend b and the servers s that a statement touched.
constexpr std::string_view servers_payloads =
    R"sql(unnest(CASE
        WHEN count(*) <= 16 AND b ~ '^[A-Za-z0-9_.:-]{1,128}$'
             AND bool_and((s ~ '^[A-Za-z0-9_.:-]{1,128}$') IS TRUE)
        THEN array_agg(b || '/' || s) ELSE ARRAY[b] END))sql";

// No backend can be named '/routes'.
constexpr std::string_view routes_function = R"sql(
CREATE OR REPLACE FUNCTION @schema@.switchyard_notify_routes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
  IF TG_OP = 'TRUNCATE' OR EXISTS (SELECT FROM changed) THEN
    PERFORM pg_notify(TG_ARGV[0], '/routes');
  END IF;
  RETURN NULL;
END
$function$;
)sql";

constexpr std::string_view trigger = R"sql(
DROP TRIGGER IF EXISTS switchyard_@event@ ON @schema@.@table@;
CREATE TRIGGER switchyard_@event@ AFTER @event@ ON @schema@.@table@@referencing@
  FOR EACH STATEMENT EXECUTE FUNCTION @schema@.switchyard_notify_@table@(@channel@);
)sql";

constexpr std::string_view grants = R"sql(
-- What a login needs to be read by switchyard: GRANT switchyard TO that_login;
DO $do$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'switchyard') THEN
    BEGIN
      CREATE ROLE switchyard NOLOGIN;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN
        NULL;  -- made by somebody else at the same moment
      WHEN insufficient_privilege THEN
        RAISE WARNING 'role switchyard was not created: it needs CREATEROLE';
        RETURN;
    END;
  END IF;
  GRANT USAGE ON SCHEMA @schema@ TO switchyard;
  GRANT SELECT ON @schema@.backends, @schema@.servers, @schema@.routes TO switchyard;
END
$do$;

COMMIT;
)sql";

struct substitution {
  std::string_view word;
  std::string text;
};

/// One pass: what was put in is not looked at again.
std::string filled(std::string_view text, std::initializer_list<substitution> list) {
  std::string result;
  while (!text.empty()) {
    bool found = false;
    for (const auto& s : list) {
      if (!text.starts_with(s.word)) continue;
      result += s.text;
      text.remove_prefix(s.word.size());
      found = true;
      break;
    }
    if (found) continue;
    result += text.front();
    text.remove_prefix(1);
  }
  return result;
}

}  // namespace

std::string schema_sql(const std::string& schema, const std::string& channel) {
  const auto quoted_schema = connection::identifier(schema);
  const auto in_schema = [&](std::string_view text) {
    return filled(text,
                  {{"@schema@", quoted_schema}, {"@schema_text@", connection::literal(schema)}});
  };
  const auto on = [&](const std::string& table_name, const std::string& event,
                      const std::string& referencing) {
    return filled(trigger, {{"@schema@", quoted_schema},
                            {"@table@", table_name},
                            {"@event@", event},
                            {"@referencing@", referencing},
                            {"@channel@", connection::literal(channel)}});
  };
  auto script = in_schema(preamble) + in_schema(foreign_tables) + in_schema(tables) +
                in_schema(backends_function) +
                filled(servers_function, {{"@schema@", quoted_schema},
                                          {"@payloads@", std::string(servers_payloads)}}) +
                in_schema(routes_function);
  for (const std::string changed : {"backends", "servers"}) {
    script += on(changed, "insert", " REFERENCING NEW TABLE AS new_rows");
    script += on(changed, "update", " REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows");
    script += on(changed, "delete", " REFERENCING OLD TABLE AS old_rows");
    script += on(changed, "truncate", "");
  }
  script += on("routes", "insert", " REFERENCING NEW TABLE AS changed");
  script += on("routes", "update", " REFERENCING NEW TABLE AS changed");
  script += on("routes", "delete", " REFERENCING OLD TABLE AS changed");
  script += on("routes", "truncate", "");
  return script + in_schema(grants);
}

}  // namespace switchyard::providers::postgres
