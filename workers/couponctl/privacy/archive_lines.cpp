#include "couponctl/privacy/archive_lines.hpp"

#include <unistd.h>
#include <zlib.h>

#include <array>

#include "runtime/error.hpp"

namespace coupon {
namespace {

constexpr int window_bits_gzip = 15 + 16;
constexpr std::size_t part_bytes = 64 << 10;
constexpr std::size_t line_bytes_max = 64 << 20;  // more than any row's

class Lines {
  public:
    Lines(const std::string& path, const std::function<void(std::string_view)>& visit)
        : path_(path), visit_(visit) {
        if (::inflateInit2(&stream_, window_bits_gzip) != Z_OK) {
            throw CommandError("there is no memory to read " + path);
        }
    }
    ~Lines() { ::inflateEnd(&stream_); }
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;

    void take(char* packed, std::size_t size) {
        stream_.next_in = reinterpret_cast<Bytef*>(packed);
        stream_.avail_in = static_cast<uInt>(size);
        while (stream_.avail_in > 0) {
            if (between_members_) {
                ::inflateReset(&stream_);
                between_members_ = false;
            }
            unpack();
        }
    }

    void end() {
        if (!between_members_) {
            fail("ends within a row");
        }
        if (!line_.empty()) {
            visit_(line_);
        }
    }

  private:
    void unpack() {
        std::array<char, part_bytes> plain{};
        stream_.next_out = reinterpret_cast<Bytef*>(plain.data());
        stream_.avail_out = static_cast<uInt>(plain.size());
        const int result = ::inflate(&stream_, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END) {
            fail("is damaged, or no gzip");
        }
        between_members_ = result == Z_STREAM_END;
        split({plain.data(), plain.size() - stream_.avail_out});
    }

    void split(std::string_view text) {
        while (!text.empty()) {
            const auto end = text.find('\n');
            line_ += text.substr(0, end);
            if (line_.size() > line_bytes_max) {
                fail("holds a line that is no row");
            }
            if (end == std::string_view::npos) {
                return;
            }
            visit_(line_);
            line_.clear();
            text.remove_prefix(end + 1);
        }
    }

    [[noreturn]] void fail(const std::string& what) const {
        throw CommandError("the archive's file " + path_ + " " + what + "; it is left as it is");
    }

    const std::string& path_;
    const std::function<void(std::string_view)>& visit_;
    z_stream stream_{};
    std::string line_;
    bool between_members_ = true;
};

}  // namespace

void read_archive_lines(int fd, const std::string& path,
                        const std::function<void(std::string_view line)>& visit) {
    Lines lines(path, visit);
    std::string packed(part_bytes, '\0');
    ::off_t place = 0;
    for (::ssize_t size = 1; size > 0; place += size) {
        size = ::pread(fd, packed.data(), packed.size(), place);
        if (size < 0) {
            throw CommandError("cannot read " + path);
        }
        lines.take(packed.data(), static_cast<std::size_t>(size));
    }
    lines.end();
}

}  // namespace coupon
