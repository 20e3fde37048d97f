#pragma once

// Which endpoint a request belongs to.
//
// Threading: add() before the server starts; dispatch() from any thread.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.hpp"

namespace switchyard::api {

class router {
 public:
  /// `pattern` is a path whose segments are words or {parameter}: "/v1/backends/{name}". Exact
  /// words count more than parameters. `query`: the parameters of its query; others are refused,
  /// so that a misspelt one does not go unnoticed.
  void add(std::string_view method, std::string_view pattern, handler h,
           std::set<std::string> query = {});

  /// The endpoint's reply; 400 for a parameter that it does not have, 404 for a path that nobody
  /// has, 405 with Allow for a method that the path does not have. An exception becomes a 500 that
  /// tells nothing of it but to `on_exception`.
  reply dispatch(request r) const;

  /// Told what an endpoint threw.
  void on_exception(std::function<void(const request&, const std::string&)> told) {
    on_exception_ = std::move(told);
  }

  struct endpoint {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
    handler answer;
    std::set<std::string> query;
  };
  /// All, in the order of add().
  const std::vector<endpoint>& endpoints() const { return endpoints_; }

 private:
  std::vector<const endpoint*> at(request& r) const;

  std::vector<endpoint> endpoints_;
  std::function<void(const request&, const std::string&)> on_exception_;
};

}  // namespace switchyard::api
