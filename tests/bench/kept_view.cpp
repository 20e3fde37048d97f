// What keeping the last good view costs while a source of many servers changes without end.
//
//   bench_kept_view [SERVERS] [SECONDS]
//
// One server changes every millisecond, in a view of SERVERS servers (10,000) in backends of 100.

#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "actors/view_keeper.hpp"
#include "tests/support/support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace switchyard;
using seconds = std::chrono::duration<double>;

constexpr int in_a_backend = 100;

/// Processor time of the whole process, or of this thread.
seconds used(int whom) {
  rusage u{};
  ::getrusage(whom, &u);
  const auto of = [](const timeval& t) {
    return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
  };
  return of(u.ru_utime) + of(u.ru_stime);
}

model::backend_ptr backend(int number, std::uint16_t weight) {
  auto b = std::make_shared<model::backend>();
  b->name = "backend-" + std::to_string(number);
  for (int i = 0; i < in_a_backend; ++i) {
    model::server s;
    s.name = "server-" + std::to_string(i);
    s.address = "10.0." + std::to_string(number % 250) + "." + std::to_string(i);
    s.port = 8080;
    s.weight = weight;
    b->servers.push_back(s);
  }
  model::sort_servers(b->servers);
  return b;
}

}  // namespace

int main(int count, char** words) {
  const int servers = count > 1 ? std::stoi(words[1]) : 10'000;
  const seconds longest(count > 2 ? std::stod(words[2]) : 20.0);
  const tests::temp_dir folder;
  const auto file = actors::view_file(folder / "state", "p");
  actors::view_keeper keeper(folder / "state", actors::make_silent_observer());
  model::report all;
  all.full = true;
  all.routes.emplace();
  for (int i = 0; i < servers / in_a_backend; ++i)
    all.backends["backend-" + std::to_string(i)].value = backend(i, 1);
  keeper.take("p", std::make_shared<const model::report>(all), {},
              std::chrono::system_clock::now());
  if (!tests::eventually([&] { return std::filesystem::exists(file); })) return 1;

  std::set<std::filesystem::file_time_type> writings;
  const auto started = std::chrono::steady_clock::now();
  const auto before = used(RUSAGE_SELF) - used(RUSAGE_THREAD);
  int changes = 0;
  for (; std::chrono::steady_clock::now() - started < longest; ++changes) {
    model::report one;
    one.backends["backend-0"].value = backend(0, static_cast<std::uint16_t>(changes % 200 + 1));
    keeper.take("p", std::make_shared<const model::report>(std::move(one)), {},
                std::chrono::system_clock::now());
    writings.insert(std::filesystem::last_write_time(file));
    std::this_thread::sleep_for(1ms);
  }
  const seconds took = std::chrono::steady_clock::now() - started;
  const auto spent = used(RUSAGE_SELF) - used(RUSAGE_THREAD) - before;
  std::cout << servers << " servers, a file of " << std::filesystem::file_size(file) << " bytes, "
            << changes << " changes in " << took.count() << " s\n"
            << writings.size() << " writings, " << spent.count() * 1e6 / changes
            << " us of processor time a change, " << spent.count() * 100 / took.count()
            << " % of a core\n";
  return 0;
}
