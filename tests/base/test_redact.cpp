#include "base/redact.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::base {

BOOST_AUTO_TEST_SUITE(redacting)

BOOST_AUTO_TEST_CASE(leaves_what_holds_no_secret_as_it_is) {
  for (const auto* text :
       {"", "shop/s1 added at 10.0.0.1:80, weight 100",
        "connection to server on socket "
        "\"/run/postgresql/.s.PGSQL.5432\" failed: FATAL: role \"app\" does not exist",
        "https://catalog.internal:8443/v1/backends?page=2: status 503",
        "FATAL:  password authentication failed for user \"app\"",
        "the token is missing or another one", "redis://127.0.0.1:6379/0 does not answer",
        "redis://app@127.0.0.1:6379/0 does not answer", "https://h/teams/@me: status 404",
        "the key: x", "haproxy.key: no such file",
        "header_files: X-Api-Token: /etc/header: no such file",
        "s.yaml:2:5: /providers/0/header_files/X-Api-Token: must be a string, not a list",
        "provider catalog: header_files.X-Api-Key: can be read by everybody"})
    BOOST_TEST(redact(text) == text);
}

BOOST_AUTO_TEST_CASE(hides_the_password_of_a_url_whatever_is_in_it) {
  BOOST_TEST(redact("redis://app:s3cret@10.0.0.1:6379/0 does not answer") ==
             "redis://app:***@10.0.0.1:6379/0 does not answer");
  BOOST_TEST(redact("redis://:s3cret@h") == "redis://:***@h");
  BOOST_TEST(redact("\"postgres://app:a@b/c:d@db/app\": no") ==
             "\"postgres://app:***@db/app\": no");
  BOOST_TEST(redact("http://a:b@c and https://d:e@f") == "http://a:***@c and https://d:***@f");
  BOOST_TEST(redact("https://u:p@h/?token=abc") == "https://u:***@h/?token=***");
  BOOST_TEST(redact("HTTPS://s3cret@h/x: status 401") == "HTTPS://***@h/x: status 401");
}

BOOST_AUTO_TEST_CASE(hides_values_behind_telling_keys) {
  BOOST_TEST(redact("host=db password=s3cret dbname=app") == "host=db password=*** dbname=app");
  BOOST_TEST(redact("host=db password = 'it''s s3cret' x") == "host=db password = '***' x");
  BOOST_TEST(redact(R"(password='a\'b c' dbname=app)") == "password='***' dbname=app");
  BOOST_TEST(redact("sslpassword=x user=y") == "sslpassword=*** user=y");
  BOOST_TEST(redact(R"({"password": "s3 cret", "port": 1})") ==
             R"({"password": "***", "port": 1})");
  BOOST_TEST(redact("/v1?access_token=abc&page=2") == "/v1?access_token=***&page=2");
  BOOST_TEST(redact("X-API_KEY: abc") == "X-API_KEY: ***");
  BOOST_TEST(redact("X-Api-Key: abc") == "X-Api-Key: ***");
  BOOST_TEST(redact("?X-Amz-Signature=abc&v=1") == "?X-Amz-Signature=***&v=1");
  BOOST_TEST(redact("AWS_SECRET_ACCESS_KEY=abc") == "AWS_SECRET_ACCESS_KEY=***");
  BOOST_TEST(redact("PWD=abc credentials: abc") == "PWD=*** credentials: ***");
  BOOST_TEST(redact("PGPASSWORD=abc") == "PGPASSWORD=***");
  BOOST_TEST(redact("password='open") == "password='***");
}

BOOST_AUTO_TEST_CASE(hides_credentials_of_headers) {
  BOOST_TEST(redact("Authorization: Bearer abc.def, next") == "Authorization: Bearer ***, next");
  BOOST_TEST(redact("authorization: basic YWJj") == "authorization: basic ***");
  BOOST_TEST(redact("Bearer  abc.def") == "Bearer  ***");
  for (const auto* text : {"Bearer", "Bearer ", "a bearer: none"}) BOOST_TEST(redact(text) == text);
}

BOOST_AUTO_TEST_CASE(hides_what_libpq_quotes_of_a_connection_string) {
  BOOST_TEST(redact("missing \"=\" after \"s3cret\" in connection info string") ==
             "missing \"=\" after \"***\" in connection info string");
  BOOST_TEST(redact("invalid percent-encoded token: \"s3%zzcret\"") ==
             "invalid percent-encoded token: \"***\"");
  BOOST_TEST(redact("invalid integer value \"s3\" for connection option \"port\"") ==
             "invalid integer value \"***\" for connection option \"port\"");
  BOOST_TEST(redact("could not translate host name \"ret@db.internal\" to address: no") ==
             "could not translate host name \"***@db.internal\" to address: no");
  BOOST_TEST(redact("could not translate host name \"db.internal\" to address") ==
             "could not translate host name \"db.internal\" to address");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::base
