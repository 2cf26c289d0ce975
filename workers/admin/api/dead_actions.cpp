#include "admin/api/dead_actions.hpp"

#include "admin/api/dead_queues.hpp"
#include "admin/api/request_values.hpp"
#include "operations/audit_log.hpp"
#include "operations/replay.hpp"
#include "runtime/pg_transaction.hpp"

namespace coupon {
namespace {

constexpr std::size_t ids_max = 1000;
constexpr std::size_t q_bytes_max = 200;

// Which of the two is done, and what it says of itself.
struct Action {
    const char* name;  // in audit_logs
    const char* done;  // in the answer
    bool is_retry;
};
constexpr Action retry{"dlq.retry", "retried", true};
constexpr Action purge{"dlq.purge", "purged", false};

// What the body asks for.
struct Selection {
    std::vector<std::string> ids;
    bool all = false;
    bool dry_run = false;
    bool unknown = false;
    std::string q;
    std::string reason;
    std::int64_t confirm = -1;
};

std::vector<std::string> ids_of(const Json& body, PgConnection& pg, const DeadQueue& queue) {
    const auto& array = body["ids"];
    if (!array.is_array() || array.empty() || array.size() > ids_max) {
        refuse("ids is no array of 1 to " + std::to_string(ids_max) + " ids");
    }
    const auto type = row_id_type(pg, queue.table);
    std::vector<std::string> ids;
    for (const auto& id : array) {
        const auto text = id.is_string()           ? id.get<std::string>()
                          : id.is_number_integer() ? id.dump()
                                                   : std::string();
        if (!is_row_id(text, type)) {
            refuse("one of ids is no id of this queue");
        }
        ids.push_back(text);
    }
    return ids;
}

Selection selection_of(const AdminRequest& request, PgConnection& pg, const DeadQueue& queue) {
    const auto body = body_object(request);
    Selection selection;
    selection.all = body_flag(body, "all");
    selection.dry_run = body_flag(body, "dry_run");
    selection.unknown = body_flag(body, "unknown");
    selection.q = body_text(body, "q", q_bytes_max);
    if (selection.all == body.contains("ids")) {
        refuse("select some: \"ids\", or \"all\": true with or without \"q\"");
    }
    if (!selection.all) {
        selection.ids = ids_of(body, pg, queue);
    }
    if (selection.dry_run) {
        return selection;
    }
    selection.reason = body_reason(body);
    if (selection.all) {
        if (!body.contains("confirm") || !body["confirm"].is_number_unsigned()) {
            refuse("confirm is missing: give the number that \"dry_run\": true answers");
        }
        selection.confirm = body["confirm"].get<std::int64_t>();
    }
    return selection;
}

// One selection within one transaction.
class DeadLetters {
  public:
    DeadLetters(PgConnection& pg, const DeadQueue& queue, const Action& action,
                const Selection& selection)
        : pg_(pg), queue_(queue), action_(action), selection_(selection) {
        values_.push_back(like_pattern(selection.q));
        from_ = dead_letters_sql(queue);
        if (!selection.all) {
            PgArray ids;
            for (const auto& id : selection.ids) {
                ids.add(id);
            }
            from_ += " AND id = ANY ($2::" + row_id_type(pg, queue.table) + "[])";
            values_.emplace_back(ids.literal());
        }
    }

    // Counted, nothing locked.
    [[nodiscard]] Json count() {
        const auto rows = pg_.execute(
            ("SELECT count(*), count(*) FILTER (WHERE NOT " + allowed() + ")" + from_).c_str(),
            values_);
        return {{"matching", rows.number(0, 0)}, {"left_out", rows.number(0, 1)}};
    }

    // Locks what is selected, so that it is the same until the end of the transaction. In the order
    // of the ids, as every writer takes its locks.
    void select() {
        const auto rows = pg_.execute(
            ("SELECT id::text, (" + allowed() + ")::text" + from_ + " ORDER BY id FOR UPDATE")
                .c_str(),
            values_);
        matching_ = rows.rows();
        for (int row = 0; row < rows.rows(); ++row) {
            if (rows.text(row, 1) == "true") {
                ids_.emplace_back(rows.text(row, 0));
            }
        }
    }

    [[nodiscard]] std::int64_t matching() const noexcept { return matching_; }
    // Fewer than match where some are left as they are.
    [[nodiscard]] bool has_some() const noexcept { return !ids_.empty(); }

    std::int64_t act() {
        if (!action_.is_retry) {
            PgArray ids;
            for (const auto& id : ids_) {
                ids.add(id);
            }
            const auto sql = "DELETE FROM " + std::string(queue_.table) + " WHERE " + queue_.where +
                             " AND id = ANY ($1::" + row_id_type(pg_, queue_.table) + "[])";
            return pg_.execute(sql.c_str(), {ids.literal()}).affected();
        }
        if (queue_.messages != nullptr) {
            return replay_messages(pg_, *queue_.messages, ids_, selection_.unknown,
                                   selection_.reason);
        }
        return std::string_view(queue_.name) == "webhooks"
                   ? replay_webhooks(pg_, ids_)
                   : replay_dead_jobs(pg_, queue_.table, ids_);
    }

    void record(const std::string& who) {
        Json details{{"queue", queue_.name}, {"reason", selection_.reason}, {"count", ids_.size()}};
        if (selection_.all) {
            details["q"] = selection_.q;
        }
        if (selection_.unknown) {
            details["unknown"] = true;
        }
        constexpr std::size_t named_max = 100;
        details["ids"] = std::vector<std::string>(
            ids_.begin(),
            ids_.begin() + static_cast<std::ptrdiff_t>(std::min(ids_.size(), named_max)));
        write_audit(pg_, {"admin:" + who, action_.name, queue_.table,
                          ids_.size() == 1 ? PgParameter(ids_.front()) : PgParameter(), details});
    }

  private:
    [[nodiscard]] std::string allowed() const {
        if (!action_.is_retry) {
            return "true";
        }
        const std::string certain =
            selection_.unknown ? "true" : "NOT " + std::string(queue_.unknown);
        return "(" + std::string(queue_.may_retry) + " AND " + certain + ")";
    }

    PgConnection& pg_;
    const DeadQueue& queue_;
    const Action& action_;
    const Selection& selection_;
    std::string from_;
    std::vector<PgParameter> values_;
    std::vector<std::string> ids_;
    std::int64_t matching_ = 0;
};

void refuse_clicks(const DeadQueue& queue) {
    if (queue.may_retry[0] == '\0') {
        conflict("rejected clicks are part of the accounting: they are neither retried nor purged");
    }
}

AdminAnswer changed(const Selection& selection, std::int64_t now) {
    return json_answer(
        {{"error",
          {{"code", "conflict"},
           {"message", "not " + std::to_string(selection.confirm) + " but " + std::to_string(now) +
                           " match by now; nothing was done"}}},
         {"matching", now}},
        409);
}

AdminAnswer act_on_selection(const AdminRequest& request, PgConnection& pg, const Action& action) {
    const auto& queue = dead_queue(request.captures.at(0));
    refuse_clicks(queue);
    const auto selection = selection_of(request, pg, queue);
    if (selection.dry_run) {
        return json_answer(DeadLetters(pg, queue, action, selection).count());
    }
    PgTransaction transaction(pg);
    DeadLetters letters(pg, queue, action, selection);
    letters.select();
    if (selection.all && letters.matching() != selection.confirm) {
        return changed(selection, letters.matching());
    }
    std::int64_t done = 0;
    if (letters.has_some()) {
        letters.record(request.who.name);
        done = letters.act();
        transaction.commit();
    }
    return json_answer({{action.done, done}});
}

AdminAnswer act_on_one(const AdminRequest& request, PgConnection& pg, const Action& action) {
    const auto& queue = dead_queue(request.captures.at(0));
    const auto& id = request.captures.at(1);
    refuse_clicks(queue);
    const auto body = body_object(request);
    if (body_flag(body, "dry_run")) {
        refuse("dry_run counts what \"all\" selects; nothing was done with this one");
    }
    Selection selection;
    selection.ids = {id};
    selection.unknown = body_flag(body, "unknown");
    selection.reason = body_reason(body);
    if (!is_dead_id(pg, queue, id)) {
        not_found("there is no such dead letter");
    }
    PgTransaction transaction(pg);
    DeadLetters letters(pg, queue, action, selection);
    letters.select();
    if (letters.matching() == 0) {
        not_found("there is no such dead letter: it may have been retried or purged meanwhile");
    }
    if (!letters.has_some()) {
        conflict(
            queue.messages != nullptr
                ? "this message may have been sent already: with \"unknown\": true it is sent "
                  "again, and its recipient may get it twice"
                : "this webhook was never believed, or its body is gone: it cannot be replayed");
    }
    letters.record(request.who.name);
    const auto done = letters.act();
    transaction.commit();
    return json_answer({{action.done, done}});
}

}  // namespace

AdminAnswer retry_dead_letter(const AdminRequest& request, AdminResources& resources) {
    return act_on_one(request, resources.pg, retry);
}

AdminAnswer purge_dead_letter(const AdminRequest& request, AdminResources& resources) {
    return act_on_one(request, resources.pg, purge);
}

AdminAnswer retry_dead_letters(const AdminRequest& request, AdminResources& resources) {
    return act_on_selection(request, resources.pg, retry);
}

AdminAnswer purge_dead_letters(const AdminRequest& request, AdminResources& resources) {
    return act_on_selection(request, resources.pg, purge);
}

}  // namespace coupon
