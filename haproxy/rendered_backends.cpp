#include "haproxy/rendered_backends.hpp"

#include <utility>

#include "haproxy/renderer.hpp"

namespace switchyard::haproxy {

base::outcome<const rendered_settings*> rendered_backends::of(const model::backend& backend,
                                                              std::string_view ca_file) {
  const auto known = all_.find(backend.name);
  if (known != all_.end() && known->second.settings == backend.settings) return &known->second;
  auto section = render_backend({backend.name, backend.settings, {}}, ca_file);
  if (!section) return section.error();
  auto options = server_options(backend.settings, ca_file);
  if (!options) return options.error();
  auto& r = all_[backend.name];
  r = {backend.settings, std::move(section->settings), std::move(options).value()};
  return &r;
}

const rendered_settings* rendered_backends::find(const std::string& backend) const {
  const auto found = all_.find(backend);
  return found == all_.end() ? nullptr : &found->second;
}

}  // namespace switchyard::haproxy
