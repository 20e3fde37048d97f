#include "haproxy/listeners.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "haproxy/reply_text.hpp"

namespace switchyard::haproxy {

namespace {

constexpr std::size_t word_digits = 8;

template <class Number>
bool read_hex(std::string_view text, Number& into) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), into, 16);
  return ec == std::errc{} && end == text.data() + text.size();
}

/// One or four words of 32 bits, each as a number of this machine whose bytes are in network order.
std::optional<std::string> read_host(std::string_view digits) {
  std::array<std::uint32_t, 4> words{};
  const auto count = digits.size() / word_digits;
  if (digits.size() % word_digits != 0 || (count != 1 && count != words.size()))
    return std::nullopt;
  for (std::size_t i = 0; i < count; ++i)
    if (!read_hex(digits.substr(i * word_digits, word_digits), words.at(i))) return std::nullopt;
  in6_addr six{};
  std::memcpy(&six, words.data(), sizeof six);
  const bool mapped = count == words.size() && IN6_IS_ADDR_V4MAPPED(&six);
  const bool four = count == 1 || mapped;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* const bytes = mapped ? &words.back() : words.data();
  ::inet_ntop(four ? AF_INET : AF_INET6, bytes, text.data(), text.size());
  return text.data();
}

std::optional<base::tcp_address> read_address(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = read_host(text.substr(0, colon));
  base::tcp_address address;
  if (!host || !read_hex(text.substr(colon + 1), address.port)) return std::nullopt;
  address.host = *std::move(host);
  return address;
}

bool is_ipv6(const std::string& host) {
  return host.find(':') != std::string::npos;
}

bool takes_all(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

}  // namespace

bool listener_table::feed(std::string_view bytes) {
  rest_ += bytes;
  std::string_view lines = rest_;
  for (auto end = lines.find('\n'); !ended_ && end != std::string_view::npos;
       end = lines.find('\n')) {
    ended_ = !take(lines.substr(0, end));
    lines.remove_prefix(end + 1);
  }
  rest_ = lines;
  return !ended_;
}

/// Whether listeners may follow this line.
bool listener_table::take(std::string_view line) {
  constexpr std::string_view listens = "0A";  // TCP_LISTEN
  constexpr int words_between = 5;            // from tx_queue:rx_queue to timeout
  next_word(line);
  const auto address = read_address(next_word(line));
  next_word(line);
  const auto state = next_word(line);
  if (!address) return true;  // the heading
  if (state != listens) return false;
  for (int i = 0; i < words_between; ++i) next_word(line);
  listening_socket socket{*address, 0};
  if (read_number(next_word(line), socket.inode) && socket.inode != 0) found_.push_back(socket);
  return true;
}

bool overlap(const base::tcp_address& a, const base::tcp_address& b) {
  return a.port == b.port && is_ipv6(a.host) == is_ipv6(b.host) &&
         (a.host == b.host || takes_all(a.host) || takes_all(b.host));
}

std::vector<listening_socket> beside(const std::vector<listening_socket>& all,
                                     const std::set<inode>& ours) {
  std::vector<listening_socket> found;
  for (const auto& other : all) {
    const bool meets =
        !ours.contains(other.inode) && std::ranges::any_of(all, [&](const listening_socket& own) {
          return ours.contains(own.inode) && overlap(own.address, other.address);
        });
    if (meets) found.push_back(other);
  }
  return found;
}

}  // namespace switchyard::haproxy
