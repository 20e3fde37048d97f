// /metrics.

#include <utility>

#include "api/routes.hpp"

namespace switchyard::api {

void add_metrics(router& to, std::shared_ptr<metrics> from) {
  to.add("GET", "/metrics", [from = std::move(from)](const request&) {
    reply text;
    text.type = metrics::content_type;
    text.body = from->text();
    return text;
  });
}

}  // namespace switchyard::api
