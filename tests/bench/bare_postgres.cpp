#include "tests/bench/bare_postgres.hpp"

namespace switchyard::tests::bench {

std::string bare_postgres::schema_sql() {
  return R"(
CREATE TABLE bare_servers (name text PRIMARY KEY, ip inet NOT NULL, port integer NOT NULL);
CREATE FUNCTION bare_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('bare', coalesce(NEW.name, OLD.name));
  RETURN NULL;
END $$;
CREATE TRIGGER bare_changed AFTER INSERT OR DELETE ON bare_servers
  FOR EACH ROW EXECUTE FUNCTION bare_notify();
)";
}

bare_postgres::bare_postgres(const std::string& dsn) : database_(dsn) {
  database_.prepare("row", "SELECT host(ip), port FROM bare_servers WHERE name = $1");
  database_.run("LISTEN bare");
}

std::string bare_postgres::read(const std::string& server) {
  const auto row = database_.first_row("row", server);
  return row.empty() ? "" : row[0] + ":" + row[1];
}

}  // namespace switchyard::tests::bench
