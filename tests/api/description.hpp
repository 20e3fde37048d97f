#pragma once

// Answers of the API held against its description (api/openapi.json).

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/support.hpp"

namespace switchyard::tests {

class description {
 public:
  /// Of the repository.
  description();

  /// What of `value` is not as `schema` says, a line each. Knows $ref, type, enum, const, anyOf,
  /// minimum, maximum, pattern, properties, required, additionalProperties, items; another word of
  /// JSON Schema is a fault.
  std::vector<std::string> faults(const nlohmann::json& value, const nlohmann::json& schema,
                                  const std::string& at = "") const;

  /// The same against a schema of the description by its name: "status".
  std::vector<std::string> faults_as(const nlohmann::json& value, const std::string& name) const;

  /// What of an answer to `method` and a path of `pattern` is not described; "" when nothing is.
  std::string undescribed(const std::string& method, const std::string& pattern,
                          const http_answer& answer) const;

  /// The parameters of an operation's query: those of "GET" and "/v1/backends", say.
  std::set<std::string> query_of(std::string method, const std::string& pattern) const;

  /// "GET /v1/status" of all.
  std::vector<std::string> operations() const;
  const nlohmann::json& all() const { return all_; }

 private:
  nlohmann::json all_;
};

}  // namespace switchyard::tests
