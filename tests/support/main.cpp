#define BOOST_TEST_MODULE switchyard
#include <boost/test/unit_test.hpp>
