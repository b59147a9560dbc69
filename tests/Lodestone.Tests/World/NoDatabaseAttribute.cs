using Xunit.Sdk;
using Xunit.v3;

namespace Lodestone.Tests;

/// <summary>
/// The tests of the class use no database, or that of a server which they run as a program of its own, so the run on PostgreSQL
/// leaves them out.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NoDatabaseAttribute : Attribute, ITraitAttribute
{
    private const string Name = "Database";
    private const string Value = "none";

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new(Name, Value)];

    /// <summary>Where a server is about to start: a class that has one belongs into both runs.</summary>
    public static void MustNotStandOn(ITestClass? test) =>
        Assert.False(test?.Traits.ContainsKey(Name) is true, $"{test?.TestClassName} starts a server: take [NoDatabase] from it.");
}
