// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/chart_panels.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "benchmarks/change_points.h"
#include "benchmarks/chart_axis.h"
#include "benchmarks/statistics.h"

namespace benchmarks {

// Plain colours in classes, not variables: readers of SVG that know no variables draw it, too.
const char kChartStyle[] = R"(
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
text.title { font-weight: 600; } text.dim { fill: #59636e; font-size: 12px; }
text.heading { font-size: 18px; font-weight: 600; } text.end { text-anchor: end; }
text.middle { text-anchor: middle; }
.paper { fill: #ffffff; } .grid { stroke: #d1d9e0; stroke-width: 1; } .change { stroke: #59636e;
stroke-width: 1; stroke-dasharray: 4 3; }
.line { fill: none; stroke: #0969da; stroke-width: 1.5; } .level { stroke: #bc4c00; stroke-width: 2; }
.dot { fill-opacity: .45; } .hollow { fill-opacity: .05; stroke-opacity: .6; stroke-width: 1; }
.half { fill-opacity: .16; } .median { stroke-width: 2.5; }
.s0 { fill: #0969da; stroke: #0969da; } .s1 { fill: #bc4c00; stroke: #bc4c00; }
.s2 { fill: #1a7f37; stroke: #1a7f37; } .s3 { fill: #8250df; stroke: #8250df; }
.s4 { fill: #bf3989; stroke: #bf3989; } .s5 { fill: #57606a; stroke: #57606a; }
.dot, .half { stroke: none; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } text.dim { fill: #9198a1; } .paper { fill: #0d1117; }
.grid { stroke: #3d444d; } .change { stroke: #9198a1; } .line { stroke: #58a6ff; }
.level { stroke: #f0883e; }
.s0 { fill: #58a6ff; stroke: #58a6ff; } .s1 { fill: #f0883e; stroke: #f0883e; }
.s2 { fill: #3fb950; stroke: #3fb950; } .s3 { fill: #bc8cff; stroke: #bc8cff; }
.s4 { fill: #f778ba; stroke: #f778ba; } .s5 { fill: #9198a1; stroke: #9198a1; }
.dot, .half { stroke: none; }
}
)";

namespace {

constexpr double kPlotLeft = 150;
constexpr double kPlotRight = 610;
constexpr double kTitle = 26;     // height of a panel's title
constexpr double kRow = 44;       // of a side
constexpr double kScale = 26;     // of the labels below
constexpr double kHistory = 150;  // of the plot of a history
constexpr double kDot = 2.2;      // radius
constexpr std::size_t kDotsMax = 600;
constexpr std::size_t kNameMax = 20;

double X(const ChartAxis& axis, double value) {
  return kPlotLeft + axis.Place(value) * (kPlotRight - kPlotLeft);
}

void Line(double x1, double y1, double x2, double y2, absl::string_view classes, std::string& svg) {
  absl::StrAppendFormat(&svg,
                        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n",
                        x1, y1, x2, y2, classes);
}

void Text(double x, double y, absl::string_view classes, absl::string_view text, std::string& svg) {
  absl::StrAppendFormat(&svg, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n", x, y, classes,
                        XmlEscaped(text));
}

std::string Short(const std::string& name) {
  return name.size() <= kNameMax ? name : name.substr(0, kNameMax - 1) + "\u2026";
}

void Title(const Metric& metric, std::string& svg) {
  Text(0, 18, "title", metric.name, svg);
  const std::string unit = metric.unit.empty() ? "" : absl::StrCat(", ", metric.unit);
  Text(kPlotLeft, 18, "dim",
       absl::StrCat(metric.about, unit, metric.lower_is_better ? "" : ", more is better"), svg);
}

struct Sample {
  double value = 0;
  bool disturbed = false;
};

// Of one side; evenly thinned out where there are more than can be told apart.
std::vector<Sample> SamplesOf(const std::vector<Block>& blocks) {
  std::vector<Sample> all;
  for (const Block& block : blocks) {
    for (const double value : block.samples) all.push_back({value, block.disturbed});
  }
  if (all.size() <= kDotsMax) return all;
  std::vector<Sample> some;
  for (std::size_t i = 0; i < kDotsMax; ++i) some.push_back(all[i * all.size() / kDotsMax]);
  return some;
}

// Dots of the same place stand above and below each other.
void Dots(const std::vector<Sample>& samples, const ChartAxis& axis, double middle,
          const std::string& colour, std::string& svg) {
  std::map<int, int> taken;
  for (const Sample& sample : samples) {
    const double x = X(axis, sample.value);
    const int rank = taken[static_cast<int>(x / (2 * kDot))]++ % 13;
    const double y = middle + (rank % 2 == 0 ? 1 : -1) * ((rank + 1) / 2) * kDot * 1.3;
    absl::StrAppendFormat(&svg, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" class=\"%s %s\"/>\n", x,
                          y, kDot, sample.disturbed ? "hollow" : "dot", colour);
  }
}

void SideRow(const Metric& metric, const std::vector<Block>& blocks, const ChartAxis& axis,
             double top, const std::string& colour, std::string& svg) {
  const double middle = top + kRow / 2;
  std::vector<double> values;
  for (const Block& block : blocks) {
    values.insert(values.end(), block.samples.begin(), block.samples.end());
  }
  const double left = X(axis, Quantile(values, 0.25));
  const double right = X(axis, Quantile(values, 0.75));
  absl::StrAppendFormat(&svg,
                        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                        "class=\"half %s\"/>\n",
                        left, top + 4, std::max(right - left, 1.0), kRow - 8, colour);
  Dots(SamplesOf(blocks), axis, middle, colour, svg);
  const double median = X(axis, Median(BlockValues(metric, blocks)));
  Line(median, top + 3, median, top + kRow - 3, absl::StrCat("median ", colour), svg);
  const auto beyond = std::count_if(values.begin(), values.end(),
                                    [&axis](double value) { return value > axis.high; });
  if (beyond > 0) {
    Text(kPlotRight, top + 12, "dim end",
         absl::StrCat(beyond, " beyond, up to ",
                      ChartNumber(*std::max_element(values.begin(), values.end())), " \u25b8"),
         svg);
  }
}

void Grid(const ChartAxis& axis, double top, double bottom, std::string& svg) {
  double free_from = 0;
  for (const double tick : axis.ticks) {
    const double x = X(axis, tick);
    Line(x, top, x, bottom, "grid", svg);
    const std::string label = ChartNumber(tick);
    const double half = 4.0 * static_cast<double>(label.size());
    if (x - half < free_from) continue;
    Text(x, bottom + 15, "dim middle", label, svg);
    free_from = x + half + 6;
  }
}

struct HistoryPoint {
  const Record* record = nullptr;
  Estimate figure;
};

class HistoryPlot {
 public:
  HistoryPlot(const Metric& metric, std::vector<HistoryPoint> points)
      : metric_(metric), points_(std::move(points)) {
    std::vector<double> values;
    for (const HistoryPoint& point : points_) {
      values.push_back(point.figure.value);
      levels_of_.push_back(point.figure.value);
    }
    axis_ = MakeChartAxis(std::move(values), 4);
    changes_ = FindChangePoints(levels_of_);
  }

  ChartPart Draw() {
    Title(metric_, svg_);
    Scale();
    Changes();
    Curve();
    Ends();
    return {.svg = std::move(svg_), .height = kTitle + kHistory + kScale + 10};
  }

 private:
  [[nodiscard]] double At(std::size_t i) const {
    const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(points_.size());
    return kPlotLeft + share * (kChartWidth - kPlotLeft);
  }
  [[nodiscard]] double Y(double value) const {
    return kTitle + 14 + (1 - axis_.Place(value)) * (kHistory - 14);
  }

  void Scale() {
    for (const double tick : axis_.ticks) {
      Line(kPlotLeft, Y(tick), kChartWidth, Y(tick), "grid", svg_);
      Text(kPlotLeft - 8, Y(tick) + 4, "dim end", ChartNumber(tick), svg_);
    }
  }

  void Changes() {
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= changes_.size(); ++i) {
      const std::size_t end = i < changes_.size() ? changes_[i].index : points_.size();
      const double level = Y(Median({levels_of_.begin() + static_cast<std::ptrdiff_t>(begin),
                                     levels_of_.begin() + static_cast<std::ptrdiff_t>(end)}));
      if (!changes_.empty()) Line(At(begin), level, At(end - 1), level, "level", svg_);
      begin = end;
      if (i == changes_.size()) break;
      const ChangePoint& change = changes_[i];
      const double x = (At(change.index - 1) + At(change.index)) / 2;
      Line(x, kTitle, x, kTitle + kHistory, "change", svg_);
      const std::string by =
          change.before == 0
              ? ""
              : absl::StrFormat("%+.1f %% ", 100 * (change.after / change.before - 1));
      const bool near_end = x > kChartWidth - 150;
      Text(near_end ? x - 4 : x + 4, kTitle + 10, near_end ? "dim end" : "dim",
           absl::StrCat(by, points_[change.index].record->commit.substr(0, 10)), svg_);
    }
  }

  void Curve() {
    std::string path;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      absl::StrAppendFormat(&path, "%c%.1f %.1f", i == 0 ? 'M' : 'L', At(i),
                            Y(points_[i].figure.value));
    }
    absl::StrAppend(&svg_, "<path d=\"", path, "\" class=\"line\"/>\n");
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const HistoryPoint& point = points_[i];
      Line(At(i), Y(point.figure.low), At(i), Y(point.figure.high), "line", svg_);
      absl::StrAppendFormat(
          &svg_,
          "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" class=\"s0\"><title>%s</title></circle>\n",
          At(i), Y(point.figure.value),
          XmlEscaped(absl::StrCat(point.record->commit, " ", point.record->time, "\n",
                                  FigureText(metric_, point.figure))));
    }
  }

  void Ends() {
    const double below = kTitle + kHistory + 17;
    const auto label = [](const Record& record) {
      return record.commit.empty() ? record.time : record.commit.substr(0, 10);
    };
    Text(kPlotLeft, below, "dim", label(*points_.front().record), svg_);
    Text(kChartWidth, below, "dim end", label(*points_.back().record), svg_);
    Text((kPlotLeft + kChartWidth) / 2, below, "dim middle", absl::StrCat(points_.size(), " runs"),
         svg_);
  }

  const Metric& metric_;
  std::vector<HistoryPoint> points_;
  std::vector<double> levels_of_;  // the values alone
  ChartAxis axis_;
  std::vector<ChangePoint> changes_;
  std::string svg_;
};

}  // namespace

ChartPart DrawSamples(const Metric& metric, const BenchResult& result) {
  std::vector<double> values;
  std::vector<std::size_t> sides;
  for (std::size_t i = 0; i < result.sides.size(); ++i) {
    const auto blocks = result.sides[i].blocks.find(metric.name);
    if (blocks == result.sides[i].blocks.end() || blocks->second.empty()) continue;
    sides.push_back(i);
    for (const Block& block : blocks->second) {
      values.insert(values.end(), block.samples.begin(), block.samples.end());
    }
  }
  ChartPart part;
  if (sides.empty()) return part;
  const ChartAxis axis = MakeChartAxis(std::move(values), 6);
  Title(metric, part.svg);
  const double bottom = kTitle + kRow * static_cast<double>(sides.size());
  Grid(axis, kTitle, bottom, part.svg);
  for (std::size_t row = 0; row < sides.size(); ++row) {
    const std::size_t i = sides[row];
    const Side& side = result.sides[i];
    const std::vector<Block>& blocks = side.blocks.at(metric.name);
    const double top = kTitle + kRow * static_cast<double>(row);
    Text(kPlotLeft - 10, top + kRow / 2 + 4, "end", Short(side.name), part.svg);
    SideRow(metric, blocks, axis, top,
            absl::StrCat("s", i % static_cast<std::size_t>(kChartColours)), part.svg);
    const std::string ratio = RatioText(metric, result, i);
    const double lift = ratio.empty() ? 4 : -3;
    Text(kPlotRight + 12, top + kRow / 2 + lift, "",
         FigureText(metric, FigureOf(metric, blocks, result.seed)), part.svg);
    if (!ratio.empty()) Text(kPlotRight + 12, top + kRow / 2 + 13, "dim", ratio, part.svg);
  }
  part.height = bottom + kScale + 8;
  return part;
}

ChartPart DrawHistory(const Metric& metric, const std::vector<Record>& history) {
  std::vector<HistoryPoint> points;
  for (const Record& record : history) {
    const auto figure = record.figures.find(metric.name);
    if (figure != record.figures.end()) {
      points.push_back({.record = &record, .figure = figure->second});
    }
  }
  if (points.size() < 2) return {};
  return HistoryPlot(metric, std::move(points)).Draw();
}

ChartPart DrawHeading(absl::string_view text) {
  ChartPart part{.height = 40};
  Text(0, 26, "heading", text, part.svg);
  return part;
}

std::string XmlEscaped(absl::string_view text) {
  std::string clean;
  for (const char c : text) {
    // XML 1.0 has no way to write other control characters.
    clean += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
  }
  return absl::StrReplaceAll(
      clean, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string FigureText(const Metric& metric, const Estimate& figure) {
  const std::string unit = metric.unit.empty() ? "" : absl::StrCat(" ", metric.unit);
  if (figure.low == figure.high) return absl::StrCat(ChartNumber(figure.value), unit);
  return absl::StrCat(ChartNumber(figure.value), unit, " [", ChartNumber(figure.low), ", ",
                      ChartNumber(figure.high), "]");
}

std::string RatioText(const Metric& metric, const BenchResult& result, std::size_t side) {
  if (side == 0) return "";
  const auto first = result.sides.front().blocks.find(metric.name);
  const auto other = result.sides[side].blocks.find(metric.name);
  if (first == result.sides.front().blocks.end() || other == result.sides[side].blocks.end()) {
    return "";
  }
  std::vector<double> a;
  std::vector<double> b;
  for (std::size_t i = 0; i < std::min(first->second.size(), other->second.size()); ++i) {
    if (first->second[i].disturbed || other->second[i].disturbed) continue;
    b.push_back(Quantile(first->second[i].samples, metric.quantile));
    a.push_back(Quantile(other->second[i].samples, metric.quantile));
    if (!(a.back() > 0 && b.back() > 0)) return "";
  }
  if (a.empty()) return "";
  const Estimate ratio = PairedRatio(a, b, result.seed);
  return absl::StrFormat("\u00d7 %.3g [%.3g, %.3g] of the first", ratio.value, ratio.low,
                         ratio.high);
}

}  // namespace benchmarks
