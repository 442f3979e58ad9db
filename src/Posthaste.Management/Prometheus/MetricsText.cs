using System.Globalization;
using System.Text;

namespace Posthaste.Management.Prometheus;

/// <summary>A label of a sample.</summary>
internal readonly record struct Label(string Name, string Value);

/// <summary>Prometheus' text format, version 0.0.4.</summary>
internal sealed class MetricsText
{
    private readonly StringBuilder _text = new();

    /// <summary>What was written since the last call.</summary>
    public string Take()
    {
        var text = _text.ToString();
        _text.Clear();
        return text;
    }

    public void Family(string name, string type, string help)
    {
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
    }

    public void Sample(string name, double value, params ReadOnlySpan<Label> labels)
    {
        _text.Append(name);
        if (!labels.IsEmpty)
        {
            var separator = '{';
            foreach (var (label, text) in labels)
            {
                _text.Append(separator).Append(label).Append("=\"");
                AppendEscaped(text);
                _text.Append('"');
                separator = ',';
            }

            _text.Append('}');
        }

        _text.Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    /// <summary>The samples of one histogram, whose buckets count each for itself, the unbounded one last.</summary>
    public void Histogram(
        string name, ReadOnlySpan<string> bounds, ReadOnlySpan<long> counts, double sum,
        params ReadOnlySpan<Label> labels)
    {
        var count = 0L;
        for (var i = 0; i < counts.Length; i++)
        {
            count += counts[i];
            Sample(name + "_bucket", count, [.. labels, new Label("le", i < bounds.Length ? bounds[i] : "+Inf")]);
        }

        Sample(name + "_sum", sum, labels);
        Sample(name + "_count", count, labels);
    }

    private void AppendEscaped(string text)
    {
        foreach (var c in text)
        {
            switch (c)
            {
                case '\\': _text.Append(@"\\"); break;
                case '"': _text.Append("\\\""); break;
                case '\n': _text.Append(@"\n"); break;
                default: _text.Append(c); break;
            }
        }
    }
}
