#define BOOST_TEST_MODULE switchyard
#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>

#include "providers/rest/transformer.hpp"

int main(int argc, char** argv) {
  switchyard::providers::rest::run_as_transformer(argc, argv);
  return boost::unit_test::unit_test_main(&init_unit_test, argc, argv);
}
